import NIOCore
import NIOPosix
import NIOSSL
import UploadCore

/// Opens connections to a target: resolves its host, connects, and completes the TLS handshake.
struct ConnectionOpener: Sendable {
  let target: SendTarget
  /// The TLS context of the target's trust; nil for http.
  let encryption: NIOSSLContext?
  /// How long connecting may take, and then the handshake.
  let timeout: Duration

  /// Call it on `loop`.
  /// - Parameters:
  ///   - onConnect: called before the TLS handshake, so that the caller can abort it.
  ///   - then: called once, on `loop`, in the tick in which the connection was established: nothing has been read, and the
  ///     first bytes of the server reach the handlers that it adds.
  func open(
    on loop: any EventLoop,
    onConnect: @escaping (any Channel) -> Void = { _ in },
    then: @escaping (Result<any Channel, FailedAttempt>) -> Void
  ) {
    connect(on: loop).assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(let channel):
        guard let encryption else { return then(.success(channel)) }
        onConnect(channel)
        encrypt(channel, encryption, then)
      case .failure(let error): then(.failure(ConnectFailure.error(error, target: target, timeout: timeout)))
      }
    }
  }

  private func connect(on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout))
    // An address needs no resolver: its threads may all be waiting for a name server that is down.
    if let address = try? SocketAddress(ipAddress: target.host, port: target.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: target.host, port: target.port)
  }

  /// Handlers are added here rather than in the bootstrap, which creates a channel for each address it tries.
  private func encrypt(
    _ channel: any Channel,
    _ encryption: NIOSSLContext,
    _ then: @escaping (Result<any Channel, FailedAttempt>) -> Void
  ) {
    do {
      let handshake = HandshakeHandler(target: target, timeout: timeout) { agreed in then(agreed.map { channel }) }
      let encrypter = try ClientTLS.handler(encryption, target: target)
      try channel.pipeline.syncOperations.addHandlers([encrypter, handshake])
    } catch {
      then(.failure(FailedAttempt(unusable: error)))
      channel.close(promise: nil)
    }
  }
}
