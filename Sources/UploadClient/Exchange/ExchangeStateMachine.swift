import NIOCore

/// One request and its answer on one connection: event in, action out.
///
/// The two halves run side by side: the body is sent by ``BodyStateMachine``, and the answer may begin at any time.
/// * An answer that is not a success stops the body: the rest would be thrown away (RFC 9112 section 9.3).
/// * A success that comes early does not: some servers begin to answer while they take the body.
/// * A success counts once the body is out and the source, checked again, is what it was.
struct ExchangeStateMachine {
  struct Plan: Sendable, Equatable {
    var body: BodyStateMachine.Plan
    /// Wait for `100 Continue` before the body, and for how long.
    var continueTimeout: TimeAmount?
    /// How long no byte may move while the body is sent or an answer comes in.
    var idleTimeout: TimeAmount
    /// How long no byte may move between the last byte of the body and the first of the answer.
    var answerTimeout: TimeAmount
    /// Whether 302 and 303 are a success once the whole body is sent: for forms, where web applications respond so to one
    /// that they have processed (Post/Redirect/Get; RFC 9110 section 15.4.4).
    var acceptsSeeOther = false
  }

  enum Action: Equatable {
    case none
    /// Send the request's head.
    case sendHead
    case body(BodyStateMachine.Action)
    /// Make sure that the source is still as it was; nothing waits for it.
    case probe
    /// Over: an answer was read.
    case finish
    /// Over: there is no answer to go by.
    case fail(ExchangeFailure)
  }

  private enum Answer: Equatable {
    /// Next: any other.
    case none
    /// The head of a final answer was read; next: complete.
    case begun(status: Int)
    /// Last.
    case complete(status: Int)

    var status: Int? {
      switch self {
      case .none: nil
      case .begun(let status), .complete(let status): status
      }
    }
  }

  private enum State: Equatable {
    /// Not connected; next: any other.
    case idle
    /// The head is out, the server has not said whether it wants the body; next: exchanging, over.
    case awaitingContinue
    /// The body goes out, or is out, or will never go out; the answer is not there yet; next: confirming, over.
    case exchanging
    /// All went well, and the source is checked a last time; next: over.
    case confirming
    /// Last.
    case over
  }

  /// More informational answers than this (RFC 9110 section 15.2) and the server is taken for broken.
  private static let informationalLimit = 64

  private let plan: Plan
  private var state = State.idle
  private var answer = Answer.none
  private var informational = 0
  private var clock = IdleClock()
  private var continueClock = IdleClock()
  /// Grows with everything that moves, for the clock to look at.
  private var movement: UInt64 = 0

  private(set) var body: BodyStateMachine

  init(_ plan: Plan) {
    self.plan = plan
    body = BodyStateMachine(plan.body)
  }

  /// Whether the server has the whole body, and has not said all that it has to say.
  var isAwaitingAnswer: Bool {
    guard state == .exchanging, body.isSent else { return false }
    if case .complete = answer { return false }
    return true
  }

  /// Whether the server has said that all is well, and only the source's last check is missing.
  var isConfirming: Bool { state == .confirming }

  // MARK: What the connection does

  /// The connection is there.
  mutating func connected() -> Action {
    guard state == .idle else { return .none }
    state = .awaitingContinue
    return .sendHead
  }

  /// The request's head is with the network layer.
  mutating func sentHead() -> Action {
    guard state == .awaitingContinue, plan.continueTimeout == nil else { return .none }
    return beginBody()
  }

  /// The socket has taken what it was given last.
  mutating func wroteOut() -> Action {
    movement += 1
    return advance(body.wroteOut())
  }

  /// The connection is gone.
  mutating func disconnected() -> Action {
    switch (state, answer) {
    case (.over, _), (.confirming, _): return .none
    case (_, .none): return fail(.connectionLost)
    case (_, .begun(let status)) where !isSuccess(status):
      // What it says counts, even if its text was cut by a reset.
      return finish()
    case (_, .begun(let status)) where body.isSent: return fail(.answerCut(status: status))
    case (_, .begun(let status)), (_, .complete(let status)): return fail(.earlySuccess(status: status))
    }
  }

  /// What was to be written has waited for something that is not the server's: a rate limit, or a read. Its time begins now.
  mutating func held() {
    movement += 1
  }

  // MARK: What the source does

  /// A read brought `count` bytes; none at the source's end.
  mutating func didRead(_ count: Int) -> Action {
    movement += 1
    return advance(body.didRead(count))
  }

  /// The check that was asked for found the source as it was.
  mutating func checked() -> Action {
    if state == .confirming { return finish() }
    movement += 1
    return advance(body.checked())
  }

  /// Somebody else has decided that this is the end.
  mutating func abort() {
    state = .over
  }

  // MARK: What the server says

  /// The head of an answer.
  mutating func answered(_ status: Int) -> Action {
    movement += 1
    guard state == .awaitingContinue || state == .exchanging, answer == .none else { return .none }
    if status < 200 {
      informational += 1
      // 101 would hand the connection over to another protocol, which nobody asked for.
      guard status != 101, informational <= Self.informationalLimit else { return fail(.badAnswer) }
      return status == 100 && state == .awaitingContinue ? beginBody() : .none
    }
    answer = .begun(status: status)
    if isSuccess(status) {
      return state == .awaitingContinue ? beginBody() : .none
    }
    body.stop()
    state = .exchanging
    return .none
  }

  /// More of an answer's body.
  mutating func answerContinued() {
    movement += 1
  }

  /// The answer is complete, or more of it is not wanted.
  mutating func answerEnded() -> Action {
    guard state == .exchanging, case .begun(let status) = answer else { return .none }
    movement += 1
    answer = .complete(status: status)
    guard isSuccess(status) else { return finish() }
    return body.isSent ? confirm() : .none
  }

  /// What came cannot be understood.
  mutating func answerMalformed() -> Action {
    guard state == .awaitingContinue || state == .exchanging else { return .none }
    switch answer {
    case .begun(let status) where !isSuccess(status): return finish()
    // Whatever follows a complete answer is not ours to judge.
    case .complete: return .none
    case .none, .begun: return fail(.badAnswer)
    }
  }

  // MARK: Time

  /// Some time has passed.
  /// - Parameters:
  ///   - partlyTaken: how many bytes of what was written last the socket has taken by now.
  mutating func tick(now: NIODeadline, partlyTaken: UInt64) -> Action {
    let idle = clock.look(at: movement &+ body.taken &+ partlyTaken, now: now)
    switch state {
    case .idle, .over, .confirming: return .none
    case .awaitingContinue:
      let waited = continueClock.look(at: 0, now: now)
      return waited >= plan.continueTimeout ?? .zero ? beginBody() : .none
    case .exchanging: break
    }
    if answer != .none, answer.status.map(isSuccess) != true || body.isSent {
      return idle >= plan.idleTimeout ? giveUpOnAnswer() : .none
    }
    if body.isSent { return idle >= plan.answerTimeout ? fail(.serverSaysNothing) : .none }
    if body.waitsForSource { return .none }
    if idle >= plan.idleTimeout {
      return fail(answer.status.map(ExchangeFailure.earlySuccess) ?? .serverTakesNothing)
    }
    // A file that was cut short makes sendfile take nothing for ever, with a socket that says it has room.
    return body.isWriting && plan.body.heldBack > 0 && idle > .zero ? .probe : .none
  }

  // MARK: -

  /// A redirection that comes before the whole body is sent, such as to a page to log in at, is none: the server cannot
  /// have stored the rest. A body that was stopped for it is never sent, so this does not change afterwards.
  private func isSuccess(_ status: Int) -> Bool {
    (200..<300).contains(status)
      || plan.acceptsSeeOther && body.isSent && ServerAnswer.seeOther.contains(status)
  }

  private mutating func beginBody() -> Action {
    state = .exchanging
    return advance(body.begin())
  }

  /// Goes on after the body's machine has said what to do next, or has come to its end.
  private mutating func advance(_ action: BodyStateMachine.Action) -> Action {
    guard state == .exchanging else { return .none }
    guard action == .none else { return .body(action) }
    if body.isSent, case .complete = answer { return confirm() }
    return .none
  }

  /// All went well as far as the server is concerned.
  private mutating func confirm() -> Action {
    guard plan.body.heldBack > 0 else { return finish() }
    state = .confirming
    return .body(.check)
  }

  /// An error whose text does not come to its end is still an error.
  private mutating func giveUpOnAnswer() -> Action {
    answer.status.map(isSuccess) == false ? finish() : fail(.serverSaysNothing)
  }

  private mutating func finish() -> Action {
    state = .over
    return .finish
  }

  private mutating func fail(_ failure: ExchangeFailure) -> Action {
    state = .over
    return .fail(failure)
  }
}
