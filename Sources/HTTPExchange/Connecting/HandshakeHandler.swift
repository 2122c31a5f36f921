import NIOCore
import NIOSSL
import NIOTLS
import UploadCore

/// Waits for the end of the TLS handshake. Removes itself from the pipeline when it was successful; resets the connection
/// when it failed or did not complete in time.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let peer: ConnectionPeer
  /// The handler before this one, with the peer's certificate.
  private let encrypter: NIOSSLClientHandler
  private let timeout: Duration
  /// Nil once the handshake has succeeded or failed.
  private var onEnd: ((Result<Void, ConnectFailure>) -> Void)?
  private var timer: Scheduled<Void>?

  /// - Parameters:
  ///   - encrypter: the handler that encrypts the connection to `peer`, already in the pipeline.
  ///   - timeout: how long the handshake may take from the moment the handler is added.
  ///   - onEnd: called once, on the event loop, when the handshake has succeeded or failed.
  init(
    _ encrypter: NIOSSLClientHandler,
    peer: ConnectionPeer,
    timeout: Duration,
    onEnd: @escaping (Result<Void, ConnectFailure>) -> Void
  ) {
    self.peer = peer
    self.encrypter = encrypter
    self.timeout = timeout
    self.onEnd = onEnd
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
      end(.failure(TLSFailure.timedOut(peer: peer, timeout: timeout)), context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case TLSUserEvent.handshakeCompleted = event else { return context.fireUserInboundEventTriggered(event) }
    end(.success(()), context)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard onEnd != nil else { return context.fireErrorCaught(error) }
    fail(error, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(nil, context)
    context.fireChannelInactive()
  }

  /// - Parameter error: nil when the connection was closed without one.
  private func fail(_ error: (any Error)?, _ context: ChannelHandlerContext) {
    let presented = encrypter.peerCertificate?.fingerprint
    end(.failure(TLSFailure.error(error, peer: peer, presented: presented)), context)
  }

  private func end(_ result: Result<Void, ConnectFailure>, _ context: ChannelHandlerContext) {
    guard let onEnd else { return }
    self.onEnd = nil
    timer?.cancel()
    onEnd(result)
    if case .failure = result { context.channel.abort() }
  }
}
