import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// Opens connections to one target that are ready for a request: directly or through a proxy, with TLS where the target or
/// the proxy requires it.
///
/// Through a proxy, https targets are reached by a tunnel (`CONNECT`, RFC 9110 section 9.3.6), so that the proxy sees only
/// host and port. For http targets the proxy forwards each request, which must be ``forwarded(_:)``. In both cases the
/// proxy resolves the target's host name.
///
/// Every connection serves this target alone, so a pool of them needs no further key than the target.
struct ServerConnector: Sendable {
  let target: SendTarget
  /// Nil when connections are direct.
  let proxy: ProxyServer?
  /// How long connecting, each TLS handshake and `CONNECT` may take.
  private let timeout: Duration
  /// For the target's trust; nil for an http target, and before ``withContexts(_:)``.
  private var targetContext: NIOSSLContext?
  /// For ``proxyTrust``; nil without an https proxy, and before ``withContexts(_:)``.
  private var proxyContext: NIOSSLContext?

  /// Does not connect. Connect with ``withContexts(_:)`` where ``isEncrypted``.
  /// - Throws: ``UploadError`` with code `badURL` when the URL of the target's proxy is malformed or of a kind that is not
  ///   supported.
  init(_ target: SendTarget, _ configuration: UploadClientConfiguration) throws(UploadError) {
    self.target = target
    proxy = try configuration.proxies.proxy(for: target)
    timeout = configuration.connectTimeout
  }

  /// Whether TLS encrypts what is written to a connection. If so, sendfile cannot send it.
  var isEncrypted: Bool { target.isSecure || proxy?.isSecure == true }

  /// The target's server, for messages.
  var server: ConnectionPeer { .server(target, through: proxy) }

  /// The same connector with the TLS contexts that its connections need. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  func withContexts(_ tls: ClientTLS) throws(UploadError) -> ServerConnector {
    var connector = self
    if target.isSecure { connector.targetContext = try tls.context(target.trust) }
    if proxy?.isSecure == true { connector.proxyContext = try tls.context(proxyTrust) }
    return connector
  }

  /// What precedes the path in a request: scheme and host where a proxy forwards it, else nothing.
  var uriPrefix: String { proxy == nil || target.isSecure ? "" : "http://" + target.hostField }

  /// The request to send for one to the target: in absolute form and with the proxy's credentials where a proxy forwards
  /// it (RFC 9112 section 3.2.2), else unchanged.
  func forwarded(_ head: HTTPRequestHead) -> HTTPRequestHead {
    guard let proxy, !target.isSecure else { return head }
    var head = head
    head.uri = uriPrefix + head.uri
    if let field = proxy.authorization { head.headers.replaceOrAdd(name: field.name, value: field.value) }
    return head
  }

  /// Opens a connection. Call it on `loop`: there the future is completed, in the tick in which the connection is ready, so
  /// that nothing of the server has been read when its callbacks add handlers.
  /// - Parameters:
  ///   - onOpen: called on `loop` as soon as there is a connection, before tunnel and handshakes: a caller that no longer
  ///     needs it can abort it, and the future then fails.
  /// - Returns: fails only with ``ConnectFailure``; the connection is closed then.
  func connect(
    on loop: any EventLoop,
    onOpen: @escaping @Sendable (any Channel) -> Void = { _ in }
  ) -> EventLoopFuture<any Channel> {
    let first = proxy.map { ConnectionPeer.proxy($0, proxyTrust) } ?? server
    return open(first.address, on: loop)
      .flatMapErrorThrowing { throw ConnectFailure($0, to: first, timeout: timeout) }
      .flatMap { channel in
        onOpen(channel)
        return encrypt(channel, first, isNeeded: proxy?.isSecure == true, proxyContext)
          .flatMap { tunnel(channel) }
          .flatMap { encrypt(channel, server, isNeeded: target.isSecure, targetContext) }
          .map { channel }
          .flatMapErrorThrowing { error in
            channel.close(promise: nil)
            throw error as? ConnectFailure
              ?? ConnectFailure(error: UploadError(.internalFailure, "The connection could not be used.", cause: error))
          }
      }
  }

  // MARK: Steps

  /// The authorities of --ca are trusted for an https proxy as well; --fingerprint is about the target's certificate.
  private var proxyTrust: ServerTrust {
    switch target.trust {
    case .system, .pinned: .system
    case .authorities: target.trust
    }
  }

  private func open(_ address: HostAndPort, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout))
    // An address needs no resolver: its threads may all be waiting for a name server that is down.
    if let address = try? SocketAddress(ipAddress: address.host, port: address.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: address.host, port: address.port)
  }

  /// - Parameter context: that of the peer's trust; without it a connection that needs TLS fails, and is never plain.
  private func encrypt(
    _ channel: any Channel,
    _ peer: ConnectionPeer,
    isNeeded: Bool,
    _ context: NIOSSLContext?
  ) -> EventLoopFuture<Void> {
    guard isNeeded else { return channel.eventLoop.makeSucceededVoidFuture() }
    let done = channel.eventLoop.makePromise(of: Void.self)
    do {
      guard let context else { throw UploadError(.internalFailure, "TLS was not set up.") }
      let encrypter = try ClientTLS.handler(context, peer: peer)
      let handshake = HandshakeHandler(encrypter, peer: peer, timeout: timeout) { result in
        done.completeWith(result.mapError { $0 as any Error })
      }
      try channel.pipeline.syncOperations.addHandlers([encrypter, handshake])
    } catch {
      done.fail(error)
    }
    return done.futureResult
  }

  /// Asks the proxy for a connection to an https target.
  private func tunnel(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let proxy, target.isSecure else { return channel.eventLoop.makeSucceededVoidFuture() }
    let done = channel.eventLoop.makePromise(of: Void.self)
    do {
      try TunnelHandler.add(to: channel, target: target, proxy: proxy, timeout: timeout, done: done)
    } catch {
      done.fail(error)
    }
    return done.futureResult
  }
}
