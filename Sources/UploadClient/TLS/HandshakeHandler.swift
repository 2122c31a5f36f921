import NIOCore
import NIOSSL
import NIOTLS
import UploadCore

/// Waits behind the handler that encrypts until both ends have agreed, or says why they have not.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let target: SendTarget
  private let timeout: Duration
  private let onEnd: (Result<Void, FailedAttempt>) -> Void
  private var timer: Scheduled<Void>?
  private var cause: (any Error)?
  private var isOver = false

  /// - Parameter onEnd: called once, on the event loop.
  init(target: SendTarget, timeout: Duration, onEnd: @escaping (Result<Void, FailedAttempt>) -> Void) {
    self.target = target
    self.timeout = timeout
    self.onEnd = onEnd
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
      end(.failure(TLSFailure.silence(server: target.authority, timeout: timeout)), context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted:
      end(.success(()), context)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !isOver else { return context.fireErrorCaught(error) }
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
      met: certificate?.fingerprint
    )
  }

  private func end(_ result: Result<Void, FailedAttempt>, _ context: ChannelHandlerContext) {
    guard !isOver else { return }
    isOver = true
    timer?.cancel()
    onEnd(result)
    if case .failure = result { context.channel.abort() }
  }
}
