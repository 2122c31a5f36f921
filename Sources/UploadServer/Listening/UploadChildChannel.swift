import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import UploadStorage

/// An HTTP/1 connection with what uploads need: large adaptive reads, one per turn, and the handlers in front of
/// Hummingbird's own, which are added when a request for Hummingbird arrives: see ``PageConnections``.
struct UploadChildChannel: HTTPChannelHandler {
  let responder: HTTPChannelHandler.Responder
  private let connections: PageConnections
  private let context: ServerContext
  private let identity: ReloadableTLSIdentity?
  private let limits: NIOHTTPDecoderLimitConfiguration

  /// - Parameters:
  ///   - responder: makes Hummingbird's response to a request.
  ///   - connections: gets each connection.
  ///   - context: shared by all connections of the server.
  ///   - identity: the certificate and key for TLS; nil for plain HTTP.
  init(
    responder: @escaping HTTPChannelHandler.Responder,
    connections: PageConnections,
    context: ServerContext,
    identity: ReloadableTLSIdentity?
  ) {
    self.responder = responder
    self.connections = connections
    self.context = context
    self.identity = identity
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = RequestBeginning.lineLimit
    limits.maxHeaderListSize = 64 * 1024
    limits.maxHeaderFieldCount = 128
    self.limits = limits
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let buffer = ReceiveBuffer(context, isSecure: identity != nil)
      try buffer.apply(to: channel)
      try SlowReaderLimits.apply(to: channel)
      let handler = ConnectionHandler(server: context, eventLoop: channel.eventLoop, buffer: buffer)
      try pipeline.addHandler(DescriptorLimitHandler())
      try pipeline.addHandler(SlowReaderLimits(idleTimeout: context.limits.idleTime))
      if let identity {
        try pipeline.addHandler(PlainRequestHandler(server: context))
        try pipeline.addHandler(NIOSSLServerHandler(context: identity.context))
      }
      // Only decrypted bytes can be headers.
      try pipeline.addHandler(DecoderGuard(handler, buffer, context.unfinishedHeaders))
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: false,
        withErrorHandling: false,
        withOutboundHeaderValidation: false,
        withEncoderConfiguration: .init(),
        withDecoderLimitConfiguration: limits
      )
      try pipeline.addHandler(RequestRulesHandler(handler))
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      try pipeline.addHandler(handler)
      try connections.add(channel, logger: logger) { await handleHTTP(asyncChannel: $0, logger: logger) }
      return AcceptedConnection(channel: channel)
    }
  }

  /// Hummingbird runs this in a task for each connection. It ends at once: ``PageConnections`` serves those that need it.
  func handle(value: AcceptedConnection, logger: Logger) async {}
}

/// What Hummingbird's server knows of a connection.
struct AcceptedConnection: ServerChildChannelValue {
  let channel: any Channel
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
