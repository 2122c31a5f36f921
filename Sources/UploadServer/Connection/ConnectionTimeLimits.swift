import NIOCore

/// The time limits of one connection: for the headers of a request, for a rejected body, and for a client that does
/// nothing. A pure state machine in the event loop's time.
///
/// The pace of an upload's body has its own machine: ``ClientPace``.
struct ConnectionTimeLimits {
  /// What to do when the timer fires.
  enum Action: Equatable {
    case none
    /// Check whether the client of the running upload has timed out or is too slow.
    case checkPace
    /// Reject a request whose headers did not become complete in time.
    case rejectLateHeaders
    case close
  }

  /// How long reading the rest of a rejected body may take.
  static let skipTime = TimeAmount.seconds(30)

  private let idleTime: TimeAmount
  private let headerTime: TimeAmount
  private var lastActivity: NIODeadline
  private var respondedAt: NIODeadline
  /// When the headers that are not complete began to arrive.
  private var headersBeganAt: NIODeadline?
  /// The timer has been set for them.
  private var headersAreTimed = false

  /// - Parameters:
  ///   - idleTime: after which a connection without a request is closed.
  ///   - headerTime: in which the headers of a request must be complete.
  init(idleTime: TimeAmount, headerTime: TimeAmount, at now: NIODeadline) {
    self.idleTime = idleTime
    self.headerTime = headerTime
    (lastActivity, respondedAt) = (now, now)
  }

  /// The client sent or read something.
  mutating func noteActivity(at now: NIODeadline) {
    lastActivity = now
  }

  /// The server responded to a request.
  mutating func noteResponse(at now: NIODeadline) {
    (lastActivity, respondedAt) = (now, now)
  }

  /// Bytes arrived that may be the first of a request's headers.
  mutating func beginHeaders(at now: NIODeadline) {
    if headersBeganAt == nil { headersBeganAt = now }
  }

  /// The headers are not complete after all that has arrived.
  /// - Returns: whether the timer has to be set for them.
  mutating func continueHeaders() -> Bool {
    guard headersBeganAt != nil, !headersAreTimed else { return false }
    headersAreTimed = true
    return true
  }

  /// The headers are complete, or what arrived was none.
  mutating func endHeaders() {
    (headersBeganAt, headersAreTimed) = (nil, false)
  }

  /// When the timer should fire next; nil when no limit applies any more.
  /// - Parameter paceDeadline: when to check the pace of the running upload.
  func deadline(in phase: RequestPhase, paceDeadline: NIODeadline?) -> NIODeadline? {
    if phase == .lingering { return nil }
    if phase == .receiving, let paceDeadline { return paceDeadline }
    if let headersBeganAt { return headersBeganAt + headerTime }
    let idleAt = lastActivity + idleTime
    return phase == .skipping ? min(idleAt, respondedAt + Self.skipTime) : idleAt
  }

  /// The timer fired.
  /// - Parameter hasUnreadResponse: the client has yet to read a response: it is slow, not idle.
  mutating func timerFired(in phase: RequestPhase, hasUnreadResponse: Bool, at now: NIODeadline) -> Action {
    if phase == .receiving { return .checkPace }
    if let headersBeganAt { return now - headersBeganAt >= headerTime ? .rejectLateHeaders : .none }
    if phase == .skipping, now - respondedAt >= Self.skipTime { return .close }
    guard now - lastActivity >= idleTime else { return .none }
    if phase == .skipping || (phase == .idle && !hasUnreadResponse) { return .close }
    lastActivity = now
    return .none
  }
}
