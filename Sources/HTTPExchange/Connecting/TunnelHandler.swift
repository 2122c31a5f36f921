import NIOCore
import NIOHTTP1
import NIOSSL
import UploadCore

/// Sends `CONNECT` to a proxy and performs the actions of ``TunnelStateMachine``. Removes itself and the HTTP handlers when
/// there is a tunnel, and resets the connection when there is none.
///
/// Not `NIOHTTP1ProxyConnectHandler` of NIOExtras: its errors do not tell the status of a rejection.
final class TunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let origin: HTTPOrigin
  private let proxy: ProxyServer
  private let timeout: Duration
  private let encoder = HTTPRequestEncoder()
  private let decoder = ResponseDecoding.handler(leftOver: .forwardBytes)
  private let done: EventLoopPromise<Void>
  private var machine = TunnelStateMachine()
  private var timer: Scheduled<Void>?

  /// Adds all handlers of the request to a connection to `proxy`, on its event loop.
  /// - Parameters:
  ///   - timeout: how long the proxy may take.
  ///   - done: completed once, unless this throws; it fails with ``ConnectFailure``.
  static func add(
    to channel: any Channel,
    origin: HTTPOrigin,
    proxy: ProxyServer,
    timeout: Duration,
    done: EventLoopPromise<Void>
  ) throws {
    let handler = TunnelHandler(origin: origin, proxy: proxy, timeout: timeout, done: done)
    try channel.pipeline.syncOperations.addHandlers([handler.encoder, handler.decoder, handler])
  }

  private init(origin: HTTPOrigin, proxy: ProxyServer, timeout: Duration, done: EventLoopPromise<Void>) {
    (self.origin, self.proxy, self.timeout, self.done) = (origin, proxy, timeout, done)
  }

  /// The request. It has the proxy's credentials, and nothing of the request to the server.
  private var head: HTTPRequestHead {
    let authority = "\(origin.address.hostForPeers):\(origin.address.port)"
    var headers: HTTPHeaders = ["Host": authority, "User-Agent": "sluice"]
    if let value = proxy.authorization { headers.add(name: "Proxy-Authorization", value: value) }
    return HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: authority, headers: headers)
  }

  // MARK: Events of the channel

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
      perform(machine.timedOut(), context)
    }
    context.write(NIOAny(OutboundOut.head(head)), promise: nil)
    context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): perform(machine.responded(Int(head.status.code), head.status.reasonPhrase), context)
    case .body: perform(machine.bodyReceived(), context)
    case .end: break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    perform(machine.readCompleted(), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    // The connection is closed, which the channel reports next.
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: return
    case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: perform(machine.disconnected(), context)
    default: perform(machine.malformed(), context)
    }
  }

  // MARK: Actions

  private func perform(_ action: TunnelStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .open:
      timer?.cancel()
      let pipeline = context.pipeline.syncOperations
      // This handler first: the decoder may pass on bytes behind the response.
      pipeline.removeHandler(self, promise: nil)
      pipeline.removeHandler(encoder, promise: nil)
      // A decoder leaves the pipeline in a later tick; until then it would get what TLS writes.
      let removed = context.eventLoop.makePromise(of: Void.self)
      pipeline.removeHandler(decoder, promise: removed)
      removed.futureResult.cascade(to: done)
    case .fail(let failure):
      timer?.cancel()
      // First, since the future's callbacks would close it without a reset.
      context.channel.abort()
      done.fail(failure.error(proxy, origin, timeout: timeout))
    }
  }
}
