package import NIOCore
package import UploadCore

/// How far an exchange is, and what follows from that alone.
extension ExchangeStateMachine {
  enum Response: Equatable {
    /// No final response has begun; next: begun.
    case none
    /// The headers of a final response were received; next: complete.
    case begun(ExchangeResponse)
    /// The whole of a success was received before the server had received the whole body, or before all of it was passed on.
    /// Last.
    case complete(ExchangeResponse)
  }

  enum State: Equatable {
    /// Not connected; next: awaitingContinue, closed.
    case idle
    /// The request head is sent, and the body waits for `100 Continue` until then; next: exchanging, closing, closed.
    case awaitingContinue(until: NIODeadline)
    /// The body is sent or stopped, or the response is received; next: draining, confirming, closing, closed.
    case exchanging(Response)
    /// The connection is lost, and what was received of the response is still passed on; next: confirming, closed.
    case draining(Outcome)
    /// The server reported success, and the source is checked a last time; next: closing, closed.
    case confirming(ExchangeResponse, isConnected: Bool)
    /// The result is known, and the connection is about to close; next: closed.
    case closing(Outcome)
    /// Last.
    case closed
  }

  // MARK: What observers see

  /// What the exchange waits for, to show observers; nil when it ends before the whole body is sent: continue to show
  /// the last value.
  package var phase: UploadPhase? {
    switch state {
    case .idle, .awaitingContinue: break
    case .exchanging:
      if body.isSent { return .response }
    case .draining: return .response
    case .confirming: return .finishing
    case .closing, .closed: return body.isSent ? .finishing : nil
    }
    guard let wait = body.wait, wait != .peer else { return body.sentBytes > 0 ? .peer : .waiting }
    return wait
  }

  // MARK: Time

  /// When ``timerFired(at:)`` has to be called; nil while nothing is timed. A call that comes earlier does no harm.
  package var deadline: NIODeadline? {
    switch state {
    case .idle, .draining, .confirming, .closing, .closed: return nil
    case .awaitingContinue(let until): return until
    case .exchanging(let response):
      let end = timeout(response).map { lastMovement + $0 }
      guard body.currentChunkSize > 0 else { return end }
      return end.map { min($0, observationDeadline) } ?? observationDeadline
    }
  }

  /// When to observe the next time how much of a chunk the socket has accepted.
  var observationDeadline: NIODeadline {
    max(lastMovement, lastObservation) + Self.observationInterval
  }

  /// How long nothing may move now; nil while the server is not the one to act: the receiver of its response may be.
  func timeout(_ response: Response) -> TimeAmount? {
    switch response {
    case .none where body.isSent: plan.responseTimeout
    case .begun(let head) where !relay.isPassing && (body.isSent || !isSuccess(head)): plan.idleTimeout
    case .none, .begun, .complete: body.wait == .peer ? plan.idleTimeout : nil
    }
  }

  // MARK: The response

  /// A redirect that is received before the whole body is sent, for example to a login page, is not a success: the server
  /// cannot have stored the rest. A body that was stopped for it is never sent, so this does not change afterwards.
  func isSuccess(_ head: ExchangeResponse) -> Bool {
    head.isSuccess || plan.acceptsSeeOther && body.isSent && ExchangeResponse.seeOther.contains(head.status)
  }

  /// The outcome when the connection is lost.
  /// - Parameter response: the part of the response that was received before.
  func outcomeWithoutConnection(_ response: Response) -> Outcome {
    switch response {
    case .none: .failure(.connectionLost)
    // A rejection counts, even if a reset has interrupted its body.
    case .begun(let head) where !isSuccess(head): .response(head.closing(.interrupted))
    case .begun(let head) where body.isSent: .failure(.responseInterrupted(status: head.status))
    case .complete(let head) where body.isSent: .response(head.closing())
    case .begun(let head), .complete(let head): .failure(.earlySuccess(status: head.status))
    }
  }
}
