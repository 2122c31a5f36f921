import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import UploadStorage

/// The library's HTTP/1 channel with what uploads need around it: large adaptive reads, one a turn, and the handlers in
/// front of the library's own.
struct UploadChildChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  private let channel: HTTP1Channel
  private let context: ServerContext
  private let identity: ReloadableTLSIdentity?

  /// - Parameters:
  ///   - responder: the library's way from a request to a response.
  ///   - context: what the upload handler shares with those of other connections.
  ///   - identity: what the server identifies itself with by TLS; nil for plain HTTP.
  init(
    responder: @escaping HTTPChannelHandler.Responder,
    context: ServerContext,
    identity: ReloadableTLSIdentity? = nil
  ) {
    // The library's default would take 2 MiB of header fields from anybody.
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
        additionalChannelHandlers: [UploadHandler(server: context)],
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
      let uploads = try pipeline.handler(type: UploadHandler.self)
      try pipeline.addHandler(HeadClock(uploads, buffer), position: decrypter.map { .after($0) } ?? .first)
      let readers = SlowReaderLimits(idleTimeout: context.limits.idleTime)
      uploads.readers = readers
      try pipeline.addHandler(readers, position: .first)
      try pipeline.addHandler(LastDescriptors(), position: .first)
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await channel.handle(value: value, logger: logger)
  }
}
