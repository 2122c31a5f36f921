package import NIOCore

/// One request and its response on one connection: events in, actions out. No I/O and no clock: the time is part of each
/// event.
///
/// The two halves run side by side: ``BodyStateMachine`` sends the body, and the response may begin at any time.
/// * A response that is not a success stops the body: the server would discard the rest (RFC 9112 section 9.3).
/// * An early success does not, where the plan accepts it: some servers begin to respond while they read the body.
/// * A success counts once the body is sent and a last check has found the source unchanged.
/// * The body of a success can be passed on as it arrives. Whatever happens to the connection, the exchange does not end before
///   the receiver has what was received: it must not get the rest from another connection before.
/// * The connection is kept for another request when both halves are complete and the server keeps it, too.
package struct ExchangeStateMachine {
  /// The informational status of the draft (104). No limit on their number applies, and nothing depends on them.
  private static let uploadResumptionSupported = 104

  /// How often to observe how much of a chunk the socket has accepted: SwiftNIO reports only when it has accepted all of it.
  static let observationInterval = TimeAmount.milliseconds(100)

  let plan: Plan
  private(set) var state = State.idle
  private var informationalResponses = InformationalResponseCount()
  private(set) var relay = ResponseRelay()
  private var isProbing = false
  /// Whether the server has sent no `100 Continue` although the request asked for it, and the body was sent without.
  package private(set) var ignoresExpectation = false
  /// When the last byte of the body or of the response moved. Timeouts count from here.
  private(set) var lastMovement = NIODeadline.uptimeNanoseconds(0)
  private(set) var lastObservation = NIODeadline.uptimeNanoseconds(0)

  /// The state of the sending half.
  package private(set) var body: BodyStateMachine

  package init(_ plan: Plan) {
    self.plan = plan
    body = BodyStateMachine(plan.body)
  }

  /// Whether the result was reported. No action follows.
  package var isOver: Bool { state == .closed }

  // MARK: The connection

  /// The connection is established.
  package mutating func connected(at now: NIODeadline) -> Action {
    switch state {
    case .idle:
      state = .awaitingContinue(until: now + (plan.continueTimeout ?? .zero))
      return .sendHead
    case .awaitingContinue, .exchanging, .draining, .confirming, .closing, .closed: return .none
    }
  }

  /// The request head was written.
  package mutating func sentHead(at now: NIODeadline) -> Action {
    plan.continueTimeout == nil ? beginBody(at: now) : .none
  }

  /// The connection is closed.
  package mutating func disconnected() -> Action {
    switch state {
    case .idle, .awaitingContinue: return end(.failure(.connectionLost), isConnected: false)
    case .exchanging(let response):
      let outcome = outcomeWithoutConnection(response)
      guard relay.isPassing else { return end(outcome, isConnected: false) }
      body.stop()
      relay.connectionLost()
      state = .draining(outcome)
      return .none
    case .confirming(let response, _):
      state = .confirming(response, isConnected: false)
      return .none
    case .closing(let outcome): return end(outcome, isConnected: false)
    case .draining, .closed: return .none
    }
  }

  /// The channel handler was removed: no event of the connection will follow.
  package mutating func removed() -> Action {
    switch state {
    case .idle, .awaitingContinue, .exchanging: return end(.failure(.handlerRemoved), isConnected: false)
    case .draining, .confirming, .closing, .closed: return disconnected()
    }
  }

  /// The exchange was cancelled.
  package mutating func cancelled() -> Action { fail(.cancelled) }

  /// The exchange was paused: the connection closes so that the server receives what was sent. Does nothing once the whole
  /// body was sent, or the server rejects it: then the response is received first.
  package mutating func paused() -> Action {
    switch state {
    case .awaitingContinue: return end(.failure(.paused))
    case .exchanging(.begun(let head)) where !isSuccess(head): return .none
    case .exchanging: return body.isSent ? .none : end(.failure(.paused))
    case .idle, .draining, .confirming, .closing, .closed: return .none
    }
  }

  // MARK: The body

  /// Limits the size of later chunks, so that the rate is smooth under a limit that the user has set.
  /// - Parameter count: in bytes; nil for no limit.
  package mutating func limitChunks(to count: Int?) {
    body.chunkLimit = count.map { UInt64(max(1, $0)) } ?? .max
  }

  /// The socket has accepted what was written last.
  /// - Parameter pause: how long the rate limit delays the next chunk; zero without a limit.
  package mutating func wroteOut(pause: TimeAmount = .zero, at now: NIODeadline) -> Action {
    advance(at: now) { $0.wroteOut(pause: pause) }
  }

  /// The pause of the last ``BodyStateMachine/Action/pause(_:)`` is over.
  package mutating func resumed(at now: NIODeadline) -> Action {
    advance(at: now) { $0.resumed() }
  }

  /// The read of ``BodyStateMachine/Action/read(_:)`` has ended.
  /// - Parameter count: bytes that were read of a stream, 0 at its end; not used for a file, whose whole range was read.
  package mutating func didRead(_ count: Int, at now: NIODeadline) -> Action {
    advance(at: now) { $0.didRead(count) }
  }

  /// The check of ``BodyStateMachine/Action/check`` found the source unchanged.
  package mutating func checked(at now: NIODeadline) -> Action {
    guard case .confirming(let response, let isConnected) = state else { return advance(at: now) { $0.checked() } }
    return end(.response(response), isConnected: isConnected)
  }

  /// The check of ``Action/probe`` found the source unchanged.
  package mutating func probed() {
    isProbing = false
  }

  /// A read or a check of the source failed.
  package mutating func sourceFailed() -> Action {
    if case .confirming = state { fail(.sourceFailed(isStored: true)) } else { fail(.sourceFailed(isStored: false)) }
  }

  // MARK: The response

  /// The headers of a response were received: of the final one, or of an informational one such as `100 Continue`.
  package mutating func responded(_ head: ExchangeResponse, at now: NIODeadline) -> Action {
    switch state {
    case .awaitingContinue, .exchanging(.none): break
    case .exchanging(.complete), .confirming:
      stopKeeping()
      return .none
    case .idle, .exchanging(.begun), .draining, .closing, .closed: return .none
    }
    guard head.status >= 200 else { return informed(head.status, at: now) }
    lastMovement = now
    guard isSuccess(head) else {
      body.stop()
      state = .exchanging(.begun(head))
      return .none
    }
    guard plan.acceptsEarlySuccess || body.isSent else { return fail(.earlySuccess(status: head.status)) }
    let action = beginBody(at: now)
    state = .exchanging(.begun(head))
    return action
  }

  /// The headers of the final response are not those of what was asked for.
  package mutating func responseUnexpected() -> Action { fail(.unexpectedResponse) }

  /// The next bytes of a response's body were received.
  package mutating func responseContinued(_ bytes: ByteBuffer, at now: NIODeadline) -> Action {
    switch state {
    case .exchanging(.begun(var head)):
      lastMovement = now
      guard !plan.passesResponseBody || !head.isSuccess else { return relay.received(bytes).map { .pass($0) } ?? .none }
      // The state must not retain the body meanwhile: appending would copy it.
      state = .exchanging(.none)
      let isWhole = head.append(bytes, upTo: plan.bodyLimit)
      state = .exchanging(.begun(head))
      return isWhole ? .none : responseNotNeeded(at: now)
    case .awaitingContinue, .exchanging(.none): return responseMalformed()
    case .idle, .exchanging(.complete), .draining, .confirming, .closing, .closed: return .none
    }
  }

  /// The rest of the response's body is not needed, since it is too long or not what was asked for: it may have no end.
  package mutating func responseNotNeeded(at now: NIODeadline) -> Action {
    relay.stop()
    guard case .exchanging(.begun(let head)) = state else { return settle() }
    state = .exchanging(.begun(head.closing(.truncated)))
    return responseEnded(at: now)
  }

  /// The response is complete.
  package mutating func responseEnded(at now: NIODeadline) -> Action {
    switch state {
    case .exchanging(.begun(let head)):
      lastMovement = now
      guard isSuccess(head) else { return end(.response(head)) }
      state = .exchanging(.complete(head))
      return settle()
    case .awaitingContinue, .exchanging(.none): return responseMalformed()
    case .idle, .exchanging(.complete), .draining, .confirming, .closing, .closed: return .none
    }
  }

  /// The received bytes are not an HTTP response, or exceed the limits on the headers of one.
  package mutating func responseMalformed() -> Action {
    switch state {
    case .awaitingContinue, .exchanging(.none): return fail(.malformedResponse)
    case .exchanging(.begun(let head)):
      return isSuccess(head) ? fail(.malformedResponse) : end(.response(head.closing(.interrupted)))
    // Bytes after a complete response do not change it, but nothing else is sent on such a connection.
    case .exchanging(.complete), .confirming:
      stopKeeping()
      return .none
    case .idle, .draining, .closing, .closed: return .none
    }
  }

  // MARK: The receiver of the response's body

  /// The receiver has used the bytes of the last ``Action/pass(_:)``.
  package mutating func passedOn(at now: NIODeadline) -> Action {
    guard relay.isPassing else { return .none }
    lastMovement = now
    return relay.passedOn().map { .pass($0) } ?? settle()
  }

  /// The receiver of the last ``Action/pass(_:)`` has failed.
  package mutating func receiverFailed() -> Action { relay.isPassing ? fail(.receiverFailed) : .none }

  /// The channel asks for a read from the connection.
  /// - Returns: whether to make it now; otherwise ``takePendingRead()`` says when.
  package mutating func readRequested() -> Bool { relay.readRequested() }

  /// Whether a read that had to wait is to be made now; call it after every event.
  package mutating func takePendingRead() -> Bool { relay.takePendingRead() }

  // MARK: Time

  /// The socket has not accepted `queued` bytes, framing included, of what was written last.
  package mutating func observed(queued: Int, at now: NIODeadline) {
    if body.observed(queued: queued) { lastMovement = now }
  }

  /// Time has passed. While content is being written, ``observed(queued:at:)`` has to be called before.
  package mutating func timerFired(at now: NIODeadline) -> Action {
    switch state {
    case .idle, .draining, .confirming, .closing, .closed: return .none
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

  /// The server has neither accepted nor sent a byte for too long.
  private mutating func timedOut(_ response: Response) -> Action {
    switch response {
    case .none: fail(body.isSent ? .responseTimedOut : .sendTimedOut)
    // A rejection counts, even if it is incomplete.
    case .begun(let head) where !isSuccess(head): end(.response(head.closing(.interrupted)))
    case .begun(let head), .complete(let head):
      fail(body.isSent ? .responseTimedOut : .earlySuccess(status: head.status))
    }
  }

  // MARK: Transitions

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
    guard case .exchanging = state else { return .none }
    lastMovement = now
    let action = event(&body)
    return action == .none ? settle() : .body(action)
  }

  /// Continues where all is done: the whole body is sent, and all of the response received and passed on.
  private mutating func settle() -> Action {
    guard !relay.isPassing else { return .none }
    switch state {
    case .exchanging(.complete(let head)): return body.isSent ? confirm(head, isConnected: true) : .none
    case .draining(.response(let head)): return confirm(head, isConnected: false)
    case .draining(.failure(let failure)): return end(.failure(failure), isConnected: false)
    case .idle, .awaitingContinue, .exchanging, .confirming, .closing, .closed: return .none
    }
  }

  /// The server has reported success for the whole body.
  private mutating func confirm(_ head: ExchangeResponse, isConnected: Bool) -> Action {
    guard plan.body.checkedTail > 0 else { return end(.response(head), isConnected: isConnected) }
    state = .confirming(head, isConnected: isConnected)
    return .body(.check)
  }

  /// Ends the exchange with a failure, unless the result is known.
  private mutating func fail(_ failure: ExchangeFailure) -> Action {
    switch state {
    case .idle, .draining: end(.failure(failure), isConnected: false)
    case .awaitingContinue, .exchanging: end(.failure(failure))
    case .confirming(_, let isConnected): end(.failure(failure), isConnected: isConnected)
    case .closing, .closed: .none
    }
  }

  /// The server has sent more than the response: the connection is closed after the exchange.
  private mutating func stopKeeping() {
    switch state {
    case .exchanging(.complete(let head)): state = .exchanging(.complete(head.closing()))
    case .confirming(let head, let isConnected): state = .confirming(head.closing(), isConnected: isConnected)
    case .idle, .awaitingContinue, .exchanging, .draining, .closing, .closed: break
    }
  }

  /// Ends the exchange. The result is reported when the connection is closed, or is free for another request: only then
  /// nothing uses the source any more.
  private mutating func end(_ outcome: Outcome, isConnected: Bool = true) -> Action {
    body.stop()
    relay.stop()
    guard isConnected else {
      state = .closed
      return .report(outcome)
    }
    if case .response(let head) = outcome, head.keepsConnection, body.isSent {
      state = .closed
      return .keep(head)
    }
    state = .closing(outcome)
    return .close(resets: plan.alwaysResets || !body.isSent && outcome != .failure(.paused))
  }
}
