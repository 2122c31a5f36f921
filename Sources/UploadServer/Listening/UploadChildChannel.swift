import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import UploadStorage

/// Hummingbird's HTTP/1 channel with what uploads need: large adaptive reads, one per turn, and the handlers in front
/// of Hummingbird's own.
struct UploadChildChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  private let channel: HTTP1Channel
  private let context: ServerContext
  private let identity: ReloadableTLSIdentity?

  /// - Parameters:
  ///   - responder: makes Hummingbird's response to a request.
  ///   - context: shared by all connections of the server.
  ///   - identity: the certificate and key for TLS; nil for plain HTTP.
  init(responder: @escaping HTTPChannelHandler.Responder, context: ServerContext, identity: ReloadableTLSIdentity?) {
    // Hummingbird's default would accept 2 MiB of header fields from any client.
    let limits = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: 16 * 1024,
      maxHeaderListSize: 64 * 1024,
      maxHeaderFieldCount: 128
    )
    self.context = context
    self.identity = identity
    let configuration = HTTP1Channel.Configuration(idleTimeout: nil, httpDecoderConfiguration: limits)
    channel = HTTP1Channel(responder: responder, configuration: configuration)
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    self.channel.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let buffer = ReceiveBuffer(context, isSecure: identity != nil)
      try buffer.apply(to: channel)
      try SlowReaderLimits.apply(to: channel)
      let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
      let handler = ConnectionHandler(server: context, eventLoop: channel.eventLoop)
      try pipeline.addHandler(RequestRulesHandler(handler), position: .before(codec))
      try pipeline.addHandler(handler, position: .after(codec))
      // Each of these goes in front of the ones before: only decrypted bytes can be headers.
      try pipeline.addHandler(DecoderGuard(handler, buffer, context.unfinishedHeaders), position: .first)
      if let identity {
        try pipeline.addHandler(NIOSSLServerHandler(context: identity.context), position: .first)
        try pipeline.addHandler(PlainRequestHandler(server: context), position: .first)
      }
      try pipeline.addHandler(SlowReaderLimits(idleTimeout: context.limits.idleTime), position: .first)
      try pipeline.addHandler(DescriptorLimitHandler(), position: .first)
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await channel.handle(value: value, logger: logger)
  }
}

/// Closes a connection that got one of the process's last descriptors (``DescriptorReserve``); otherwise removes itself
/// once the connection is active. The limit on connections prevents most of that, but does not count the descriptors
/// that the process inherited or opens for other purposes.
final class DescriptorLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    let isReserved = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      DescriptorReserve.contains($0)
    }
    if isReserved ?? false { return context.close(promise: nil) }
    context.fireChannelActive()
    pipeline.removeHandler(self, promise: nil)
  }
}
