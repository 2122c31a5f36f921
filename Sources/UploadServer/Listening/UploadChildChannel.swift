import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL

/// Hummingbird's HTTP/1 channel with what uploads need around it: large adaptive reads, one a turn, and the handlers in
/// front of Hummingbird's own.
struct UploadChildChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  private let channel: HTTP1Channel
  private let context: ServerContext
  private let identity: ReloadableTLSIdentity?

  /// - Parameters:
  ///   - responder: Hummingbird's way from a request to a response.
  ///   - context: what all connections share.
  ///   - identity: what the server identifies itself with by TLS; nil for plain HTTP.
  init(
    responder: @escaping HTTPChannelHandler.Responder,
    context: ServerContext,
    identity: ReloadableTLSIdentity? = nil
  ) {
    // Hummingbird's default would take 2 MiB of header fields from any client.
    let limits = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: 16 * 1024,
      maxHeaderListSize: 64 * 1024,
      maxHeaderFieldCount: 128
    )
    self.context = context
    self.identity = identity
    channel = HTTP1Channel(
      responder: responder,
      configuration: HTTP1Channel.Configuration(
        idleTimeout: nil,
        httpDecoderConfiguration: limits
      )
    )
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      guard let identity else { return }
      try channel.pipeline.syncOperations.addHandlers([
        PlainRequestHandler(server: context), NIOSSLServerHandler(context: identity.context),
      ])
    }.flatMap {
      self.channel.setup(channel: channel, logger: logger)
    }.flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let buffer = ReceiveBuffer(context, isSecure: identity != nil)
      try buffer.apply(to: channel)
      try SlowReaderLimits.apply(to: channel)
      let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
      try pipeline.addHandler(RequestRulesHandler(), position: .before(codec))
      // Behind what decrypts: only what is decrypted is the beginning of a head.
      let decrypter = identity == nil ? nil : try pipeline.handler(type: NIOSSLServerHandler.self)
      let handler = ConnectionHandler(server: context, eventLoop: channel.eventLoop)
      try pipeline.addHandler(handler, position: .after(codec))
      let decoderGuard = DecoderGuard(handler, buffer, context.unfinishedHeaders)
      try pipeline.addHandler(decoderGuard, position: decrypter.map { .after($0) } ?? .first)
      try pipeline.addHandler(SlowReaderLimits(idleTimeout: context.limits.idleTime), position: .first)
      try pipeline.addHandler(DescriptorLimitHandler(), position: .first)
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await channel.handle(value: value, logger: logger)
  }
}
