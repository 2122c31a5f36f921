package import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL
package import UploadCore

/// Opens connections to one origin that are ready for a request: directly or through a proxy, with TLS where the origin or
/// the proxy requires it.
///
/// Through a proxy, https origins are reached by a tunnel (`CONNECT`, RFC 9110 section 9.3.6), so that the proxy sees only
/// host and port. For http origins the proxy forwards each request, which must be ``forwarded(_:)``. In both cases the
/// proxy resolves the origin's host name.
///
/// Every connection serves this origin alone, so a pool of them needs no further key than the origin.
package struct ServerConnector: Sendable {
  /// The server that requests are for.
  package let origin: HTTPOrigin
  /// Nil when connections are direct.
  package let proxy: ProxyServer?
  /// How long connecting, each TLS handshake and `CONNECT` may take.
  private let timeout: Duration
  /// For the origin's trust; nil for an http origin, and before ``withContexts(_:)``.
  private var originContext: NIOSSLContext?
  /// For ``proxyTrust``; nil without an https proxy, and before ``withContexts(_:)``.
  private var proxyContext: NIOSSLContext?

  /// Does not connect. Connect with ``withContexts(_:)`` where ``isEncrypted``.
  /// - Parameters:
  ///   - proxy: through which the origin is reached; nil when it is directly.
  ///   - timeout: how long connecting, each TLS handshake and `CONNECT` may take.
  package init(_ origin: HTTPOrigin, proxy: ProxyServer?, timeout: Duration) {
    (self.origin, self.proxy, self.timeout) = (origin, proxy, timeout)
  }

  /// Whether TLS encrypts what is written to a connection. If so, sendfile cannot send it.
  package var isEncrypted: Bool { origin.isSecure || proxy?.isSecure == true }

  /// The origin's server, for messages.
  package var server: ConnectionPeer { .server(origin, through: proxy) }

  /// The same connector with the TLS contexts that its connections need. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  package func withContexts(_ tls: ClientTLS) throws(UploadError) -> ServerConnector {
    var connector = self
    if origin.isSecure { connector.originContext = try tls.context(origin.trust) }
    if proxy?.isSecure == true { connector.proxyContext = try tls.context(proxyTrust) }
    return connector
  }

  /// What precedes the path in a request: scheme and host where a proxy forwards it, else nothing.
  package var uriPrefix: String { proxy == nil || origin.isSecure ? "" : "http://" + origin.hostField }

  /// The request to send for one to the origin: in absolute form and with the proxy's credentials where a proxy forwards
  /// it (RFC 9112 section 3.2.2), else unchanged.
  package func forwarded(_ head: HTTPRequestHead) -> HTTPRequestHead {
    guard let proxy, !origin.isSecure else { return head }
    var head = head
    head.uri = uriPrefix + head.uri
    if let value = proxy.authorization { head.headers.replaceOrAdd(name: "Proxy-Authorization", value: value) }
    return head
  }

  /// Opens a connection. Call it on `loop`: there the future is completed, in the tick in which the connection is ready, so
  /// that nothing of the server has been read when its callbacks add handlers.
  /// - Parameters:
  ///   - onOpen: called on `loop` as soon as there is a connection, before tunnel and handshakes: a caller that no longer
  ///     needs it can abort it, and the future then fails.
  /// - Returns: fails only with ``ConnectFailure``; the connection is closed then.
  package func connect(
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
          .flatMap { encrypt(channel, server, isNeeded: origin.isSecure, originContext) }
          .map { channel }
          .flatMapErrorThrowing { error in
            channel.close(promise: nil)
            throw error as? ConnectFailure
              ?? ConnectFailure(error: UploadError(.internalFailure, "The connection could not be used.", cause: error))
          }
      }
  }

  // MARK: Steps

  /// The authorities of --ca are trusted for an https proxy as well; --fingerprint is about the origin's certificate.
  private var proxyTrust: ServerTrust {
    switch origin.trust {
    case .system, .pinned: .system
    case .authorities: origin.trust
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

  /// Asks the proxy for a connection to an https origin.
  private func tunnel(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let proxy, origin.isSecure else { return channel.eventLoop.makeSucceededVoidFuture() }
    let done = channel.eventLoop.makePromise(of: Void.self)
    do {
      try TunnelHandler.add(to: channel, origin: origin, proxy: proxy, timeout: timeout, done: done)
    } catch {
      done.fail(error)
    }
    return done.futureResult
  }
}
