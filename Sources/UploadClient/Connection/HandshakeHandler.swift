import NIOCore
import NIOSSL
import NIOTLS
import UploadCore

/// Waits for the end of the TLS handshake; removes itself from the pipeline when it was successful.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let target: SendTarget
  private let timeout: Duration
  /// Nil once the handshake has succeeded or failed.
  private var onEnd: ((Result<Void, FailedAttempt>) -> Void)?
  private var timer: Scheduled<Void>?
  /// The first error that the channel reported.
  private var cause: (any Error)?

  /// - Parameter onEnd: called once, on the event loop.
  init(target: SendTarget, timeout: Duration, onEnd: @escaping (Result<Void, FailedAttempt>) -> Void) {
    self.target = target
    self.timeout = timeout
    self.onEnd = onEnd
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
      end(.failure(TLSFailure.timedOut(server: target.authority, timeout: timeout)), context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case TLSUserEvent.handshakeCompleted = event else { return context.fireUserInboundEventTriggered(event) }
    end(.success(()), context)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard onEnd != nil else { return context.fireErrorCaught(error) }
    if cause == nil { cause = error }
    end(.failure(failure(context)), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.failure(failure(context)), context)
    context.fireChannelInactive()
  }

  private func failure(_ context: ChannelHandlerContext) -> FailedAttempt {
    let certificate = try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate()
    return TLSFailure.error(
      cause,
      server: target.authority,
      trust: target.trust,
      presented: certificate?.fingerprint
    )
  }

  private func end(_ result: Result<Void, FailedAttempt>, _ context: ChannelHandlerContext) {
    guard let onEnd else { return }
    self.onEnd = nil
    timer?.cancel()
    onEnd(result)
    if case .failure = result { context.channel.abort() }
  }
}
