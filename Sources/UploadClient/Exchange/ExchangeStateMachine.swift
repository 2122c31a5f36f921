import NIOCore
import UploadCore

/// One request and its response on one connection: events in, actions out. No I/O and no clock: the time is part of each
/// event.
///
/// The two halves run side by side: ``BodyStateMachine`` sends the body, and the response may begin at any time.
/// * A response that is not a success stops the body: the server would discard the rest (RFC 9112 section 9.3).
/// * An early success does not: some servers begin to respond while they read the body.
/// * A success counts once the body is sent and a last check has found the source unchanged.
/// * The connection is kept for another request when both halves are complete and the server keeps it, too.
struct ExchangeStateMachine {
  private enum Response: Equatable {
    /// No final response has begun; next: begun.
    case none
    /// The headers of a final response were received; next: complete.
    case begun(ServerResponse)
    /// The whole of a success was received before the server had received the whole body. Last.
    case complete(ServerResponse)
  }

  private enum State: Equatable {
    /// Not connected; next: awaitingContinue, closed.
    case idle
    /// The request head is sent, and the body waits for `100 Continue` until then; next: exchanging, closing, closed.
    case awaitingContinue(until: NIODeadline)
    /// The body is sent or stopped, or the response is received; next: confirming, closing, closed.
    case exchanging(Response)
    /// The server reported success, and the source is checked a last time; next: closing, closed.
    case confirming(ServerResponse, isConnected: Bool)
    /// The result is known, and the connection is about to close; next: closed.
    case closing(Outcome)
    /// Last.
    case closed
  }

  /// The informational status of the draft (104). No limit on their number applies, and nothing depends on them.
  private static let uploadResumptionSupported = 104

  /// How often to observe how much of a chunk the socket has accepted: SwiftNIO reports only when it has accepted all of it.
  private static let observationInterval = TimeAmount.milliseconds(100)

  private let plan: Plan
  private var state = State.idle
  private var informationalResponses = InformationalResponseCount()
  private var isProbing = false
  /// Whether the server has sent no `100 Continue` although the request asked for it, and the body was sent without.
  private(set) var ignoresExpectation = false
  /// When the last byte of the body or of the response moved. Timeouts count from here.
  private var lastMovement = NIODeadline.uptimeNanoseconds(0)
  private var lastObservation = NIODeadline.uptimeNanoseconds(0)

  /// The state of the sending half.
  private(set) var body: BodyStateMachine

  init(_ plan: Plan) {
    self.plan = plan
    body = BodyStateMachine(plan.body)
  }

  /// Whether the result was reported. No action follows.
  var isOver: Bool { state == .closed }

  // MARK: What observers see

  /// What the exchange waits for, to show observers; nil when it ends before the whole body is sent: continue to show
  /// the last value.
  var phase: UploadPhase? {
    switch state {
    case .idle, .awaitingContinue, .exchanging(.complete): break
    case .exchanging(.none), .exchanging(.begun):
      if body.isSent { return .response }
    case .confirming: return .finishing
    case .closing, .closed: return body.isSent ? .finishing : nil
    }
    guard let wait = body.wait, wait != .peer else { return body.sentBytes > 0 ? .peer : .waiting }
    return wait
  }

  // MARK: The connection

  /// The connection is established.
  mutating func connected(at now: NIODeadline) -> Action {
    switch state {
    case .idle:
      state = .awaitingContinue(until: now + (plan.continueTimeout ?? .zero))
      return .sendHead
    case .awaitingContinue, .exchanging, .confirming, .closing, .closed: return .none
    }
  }

  /// The request head was written.
  mutating func sentHead(at now: NIODeadline) -> Action {
    plan.continueTimeout == nil ? beginBody(at: now) : .none
  }

  /// The connection is closed.
  mutating func disconnected() -> Action {
    switch state {
    case .idle, .awaitingContinue: return end(.failure(.connectionLost), isConnected: false)
    case .exchanging(let response): return end(outcomeWithoutConnection(response), isConnected: false)
    case .confirming(let response, _):
      state = .confirming(response, isConnected: false)
      return .none
    case .closing(let outcome): return end(outcome, isConnected: false)
    case .closed: return .none
    }
  }

  /// The channel handler was removed: no event of the connection will follow.
  mutating func removed() -> Action {
    switch state {
    case .idle, .awaitingContinue, .exchanging: return end(.failure(.handlerRemoved), isConnected: false)
    case .confirming, .closing, .closed: return disconnected()
    }
  }

  /// The upload was cancelled.
  mutating func cancelled() -> Action { fail(.cancelled) }

  /// The user paused the upload: the connection closes so that the server receives what was sent. Does nothing once the whole
  /// body was sent, or the server rejects it: then the response is received first.
  mutating func paused() -> Action {
    switch state {
    case .awaitingContinue: return end(.failure(.paused))
    case .exchanging(.begun(let head)) where !isSuccess(head): return .none
    case .exchanging: return body.isSent ? .none : end(.failure(.paused))
    case .idle, .confirming, .closing, .closed: return .none
    }
  }

  // MARK: The body

  /// Limits the size of later chunks, so that the rate is smooth under a limit that the user has set.
  /// - Parameter count: in bytes; nil for no limit.
  mutating func limitChunks(to count: Int?) {
    body.chunkLimit = count.map { UInt64(max(1, $0)) } ?? .max
  }

  /// The socket has accepted what was written last.
  /// - Parameter pause: how long the rate limit delays the next chunk; zero without a limit.
  mutating func wroteOut(pause: TimeAmount = .zero, at now: NIODeadline) -> Action {
    advance(at: now) { $0.wroteOut(pause: pause) }
  }

  /// The pause of the last ``BodyStateMachine/Action/pause(_:)`` is over.
  mutating func resumed(at now: NIODeadline) -> Action {
    advance(at: now) { $0.resumed() }
  }

  /// The read of ``BodyStateMachine/Action/read(_:)`` has ended.
  /// - Parameter count: bytes that were read of a stream, 0 at its end; not used for a file, whose whole range was read.
  mutating func didRead(_ count: Int, at now: NIODeadline) -> Action {
    advance(at: now) { $0.didRead(count) }
  }

  /// The check of ``BodyStateMachine/Action/check`` found the source unchanged.
  mutating func checked(at now: NIODeadline) -> Action {
    guard case .confirming(let response, let isConnected) = state else { return advance(at: now) { $0.checked() } }
    return end(.response(response), isConnected: isConnected)
  }

  /// The check of ``Action/probe`` found the source unchanged.
  mutating func probed() {
    isProbing = false
  }

  /// A read or a check of the source failed.
  mutating func sourceFailed() -> Action {
    if case .confirming = state { fail(.sourceFailed(isStored: true)) } else { fail(.sourceFailed(isStored: false)) }
  }

  // MARK: The response

  /// The headers of a response were received: of the final one, or of an informational one such as `100 Continue`.
  mutating func responded(_ head: ServerResponse, at now: NIODeadline) -> Action {
    switch state {
    case .awaitingContinue, .exchanging(.none): break
    case .exchanging(.complete), .confirming:
      stopKeeping()
      return .none
    case .idle, .exchanging(.begun), .closing, .closed: return .none
    }
    guard head.status >= 200 else { return informed(head.status, at: now) }
    lastMovement = now
    if !isSuccess(head) { body.stop() }
    let action = isSuccess(head) ? beginBody(at: now) : .none
    state = .exchanging(.begun(head))
    return action
  }

  /// Whether the body that is received now is passed on, and not kept.
  var passesBody: Bool {
    if case .exchanging(.begun(let head)) = state { passesBody(of: head) } else { false }
  }

  private func passesBody(of head: ServerResponse) -> Bool {
    plan.passesResponseBody && (200..<300).contains(head.status)
  }

  /// The next bytes of a response's body were received.
  mutating func responseContinued(_ bytes: ByteBuffer, at now: NIODeadline) -> Action {
    guard case .exchanging(.begun(var head)) = state else { return .none }
    lastMovement = now
    guard !passesBody(of: head) else { return .none }
    let isWhole = head.append(bytes)
    state = .exchanging(.begun(head))
    return isWhole ? .none : responseNotNeeded(at: now)
  }

  /// The rest of the response's body is not needed, since it is too long or not what was asked for: it may have no end.
  mutating func responseNotNeeded(at now: NIODeadline) -> Action {
    guard case .exchanging(.begun(let head)) = state else { return .none }
    state = .exchanging(.begun(head.interrupted))
    return responseEnded(at: now)
  }

  /// The response is complete.
  mutating func responseEnded(at now: NIODeadline) -> Action {
    guard case .exchanging(.begun(let head)) = state else { return .none }
    lastMovement = now
    guard isSuccess(head) else { return end(.response(head)) }
    guard !body.isSent else { return confirm(head) }
    state = .exchanging(.complete(head))
    return .none
  }

  /// The received bytes are not an HTTP response, or exceed the limits on the headers of one.
  mutating func responseMalformed() -> Action {
    switch state {
    case .awaitingContinue, .exchanging(.none): return fail(.malformedResponse)
    case .exchanging(.begun(let head)):
      return isSuccess(head) ? fail(.malformedResponse) : end(.response(head.interrupted))
    // Bytes after a complete response do not change it, but nothing else is sent on such a connection.
    case .exchanging(.complete), .confirming:
      stopKeeping()
      return .none
    case .idle, .closing, .closed: return .none
    }
  }

  // MARK: Time

  /// When ``timerFired(at:)`` has to be called; nil while nothing is timed. A call that comes earlier does no harm.
  var deadline: NIODeadline? {
    switch state {
    case .idle, .confirming, .closing, .closed: return nil
    case .awaitingContinue(let until): return until
    case .exchanging(let response):
      let end = timeout(response).map { lastMovement + $0 }
      guard body.currentChunkSize > 0 else { return end }
      return end.map { min($0, observationDeadline) } ?? observationDeadline
    }
  }

  /// The socket has not accepted `queued` bytes, framing included, of what was written last.
  mutating func observed(queued: Int, at now: NIODeadline) {
    if body.observed(queued: queued) { lastMovement = now }
  }

  /// Time has passed. While content is being written, ``observed(queued:at:)`` has to be called before.
  mutating func timerFired(at now: NIODeadline) -> Action {
    switch state {
    case .idle, .confirming, .closing, .closed: return .none
    case .awaitingContinue(let until):
      guard now >= until else { return .none }
      ignoresExpectation = plan.continueTimeout != nil
      return beginBody(at: now)
    case .exchanging(let response):
      if let limit = timeout(response), now >= lastMovement + limit { return timedOut(response) }
      guard body.currentChunkSize > 0, now >= observationDeadline else { return .none }
      lastObservation = now
      // Once a file is truncated sendfile sends nothing more of it, although the socket has room; NIO then retries forever.
      guard body.isWriting, plan.body.checkedTail > 0, !isProbing else { return .none }
      isProbing = true
      return .probe
    }
  }

  /// When to observe the next time how much of a chunk the socket has accepted.
  private var observationDeadline: NIODeadline {
    max(lastMovement, lastObservation) + Self.observationInterval
  }

  /// How long nothing may move now; nil while the server is not the one to act.
  private func timeout(_ response: Response) -> TimeAmount? {
    switch response {
    case .none where body.isSent: plan.responseTimeout
    case .begun(let head) where body.isSent || !isSuccess(head): plan.idleTimeout
    case .none, .begun, .complete: body.wait == .peer ? plan.idleTimeout : nil
    }
  }

  /// The server has neither accepted nor sent a byte for too long.
  private mutating func timedOut(_ response: Response) -> Action {
    switch response {
    case .none: fail(body.isSent ? .responseTimedOut : .sendTimedOut)
    // A rejection counts, even if it is incomplete.
    case .begun(let head) where !isSuccess(head): end(.response(head.interrupted))
    case .begun(let head), .complete(let head):
      fail(body.isSent ? .responseTimedOut : .earlySuccess(status: head.status))
    }
  }

  // MARK: Transitions

  /// A redirect that is received before the whole body is sent, for example to a login page, is not a success: the server
  /// cannot have stored the rest. A body that was stopped for it is never sent, so this does not change afterwards.
  private func isSuccess(_ head: ServerResponse) -> Bool {
    (200..<300).contains(head.status)
      || plan.acceptsSeeOther && body.isSent && ServerResponse.seeOther.contains(head.status)
  }

  /// An informational response.
  private mutating func informed(_ status: Int, at now: NIODeadline) -> Action {
    // May report progress as often as it likes, but is no movement: the timeouts end an exchange with nothing else.
    if status == Self.uploadResumptionSupported { return .none }
    lastMovement = now
    let isAllowed = informationalResponses.add(sentBytes: body.sentBytes)
    // 101 would switch to another protocol, which the request did not offer.
    guard status != 101, isAllowed else { return fail(.malformedResponse) }
    guard status == 100 else { return .none }
    ignoresExpectation = false
    return beginBody(at: now)
  }

  /// Begins the body unless it has begun.
  private mutating func beginBody(at now: NIODeadline) -> Action {
    guard case .awaitingContinue = state else { return .none }
    state = .exchanging(.none)
    return advance(at: now) { $0.begin() }
  }

  /// Passes an event to the body's state machine; does nothing before the body may begin and after the exchange is decided.
  private mutating func advance(
    at now: NIODeadline,
    _ event: (inout BodyStateMachine) -> BodyStateMachine.Action
  ) -> Action {
    guard case .exchanging(let response) = state else { return .none }
    lastMovement = now
    let action = event(&body)
    guard action == .none else { return .body(action) }
    guard case .complete(let head) = response, body.isSent else { return .none }
    return confirm(head)
  }

  /// The server has reported success for the whole body.
  private mutating func confirm(_ head: ServerResponse) -> Action {
    guard plan.body.checkedTail > 0 else { return end(.response(head)) }
    state = .confirming(head, isConnected: true)
    return .body(.check)
  }

  /// The outcome when the connection is lost.
  /// - Parameter response: the part of the response that was received before.
  private func outcomeWithoutConnection(_ response: Response) -> Outcome {
    switch response {
    case .none: .failure(.connectionLost)
    // A rejection counts, even if a reset has interrupted its body.
    case .begun(let head) where !isSuccess(head): .response(head.interrupted)
    case .begun(let head) where body.isSent: .failure(.responseInterrupted(status: head.status))
    case .begun(let head), .complete(let head): .failure(.earlySuccess(status: head.status))
    }
  }

  /// Ends the exchange with a failure, unless the result is known.
  private mutating func fail(_ failure: ExchangeFailure) -> Action {
    switch state {
    case .idle: end(.failure(failure), isConnected: false)
    case .awaitingContinue, .exchanging: end(.failure(failure))
    case .confirming(_, let isConnected): end(.failure(failure), isConnected: isConnected)
    case .closing, .closed: .none
    }
  }

  /// The server has sent more than the response: the connection is closed after the exchange.
  private mutating func stopKeeping() {
    switch state {
    case .exchanging(.complete(let head)): state = .exchanging(.complete(head.interrupted))
    case .confirming(let head, let isConnected): state = .confirming(head.interrupted, isConnected: isConnected)
    case .idle, .awaitingContinue, .exchanging, .closing, .closed: break
    }
  }

  /// Ends the exchange. The result is reported when the connection is closed, or is free for another request: only then
  /// nothing uses the source any more.
  private mutating func end(_ outcome: Outcome, isConnected: Bool = true) -> Action {
    body.stop()
    guard isConnected else {
      state = .closed
      return .report(outcome)
    }
    if case .response(let head) = outcome, head.keepsConnection, body.isSent {
      state = .closed
      return .keep(outcome)
    }
    state = .closing(outcome)
    return .close(resets: !body.isSent && outcome != .failure(.paused))
  }
}
