import NIOCore

/// The time limits of one connection: for the headers of a request, for the short rest of a rejected body, and for an
/// idle client. A pure state machine; the caller passes the event loop's time.
///
/// The pace of an upload's body has its own machine: ``ClientPace``.
struct ConnectionTimeLimits {
  /// What the handler does when the timer fires.
  enum Action: Equatable {
    case none
    /// Check whether the client of the running upload has timed out or is too slow.
    case checkPace
    /// Reject a request whose headers did not become complete in time.
    case rejectLateHeaders
    /// Decode the beginning of a request that has waited for its rest long enough.
    case decodeBeginning
    case close
  }

  /// The most time for reading the short rest of a rejected body, from the response on.
  static let skipTime = TimeAmount.seconds(30)

  /// How long the beginning of a small file's request waits undecoded for its rest: see
  /// ``ConnectionStateMachine/awaitsRest(at:)``. All other time limits are as if it had been decoded at once, but for this
  /// delay.
  static let restTime = TimeAmount.milliseconds(20)

  /// After which a connection without a request is closed.
  private let idleTime: TimeAmount
  /// Within which the headers of a request must be complete, from their first byte.
  private let headerTime: TimeAmount
  private var lastActivity: NIODeadline
  private var respondedAt: NIODeadline
  /// When the first byte of the incomplete headers arrived; nil when there are none.
  private var headersBeganAt: NIODeadline?
  /// Whether the timer has been set for them.
  private var headersAreTimed = false
  /// Until when the beginning of a request waits for its rest; nil while none does.
  private(set) var restAwaitedUntil: NIODeadline?

  /// Uses the ``UploadLimits/idleTime`` and ``UploadLimits/headerTime`` of `limits`.
  /// - Parameter now: when the connection began; the idle time counts from then.
  init(_ limits: UploadLimits, at now: NIODeadline) {
    (idleTime, headerTime) = (limits.idleTime, limits.headerTime)
    (lastActivity, respondedAt) = (now, now)
  }

  /// Call it when a part of a request was decoded, or a response of Hummingbird was written, or the socket has accepted
  /// a response: the idle time begins anew.
  mutating func noteActivity(at now: NIODeadline) {
    lastActivity = now
  }

  /// Call it when the handler itself, not Hummingbird, responds to a request: the idle time and ``skipTime`` begin
  /// anew.
  mutating func noteResponse(at now: NIODeadline) {
    (lastActivity, respondedAt) = (now, now)
  }

  /// Call it when bytes arrive between requests. The first call begins the time limit of the next request's headers,
  /// others before ``endHeaders()`` do nothing.
  mutating func beginHeaders(at now: NIODeadline) {
    if headersBeganAt == nil { headersBeganAt = now }
  }

  /// Call it when all bytes that arrived between requests are decoded.
  /// - Returns: whether to set the timer for incomplete headers: true once for each request, false when none have
  ///   begun.
  mutating func continueHeaders() -> Bool {
    guard headersBeganAt != nil, !headersAreTimed else { return false }
    headersAreTimed = true
    return true
  }

  /// Call it when the beginning of a request has arrived that may wait for its rest. Only the first call before
  /// ``endWaiting()`` begins the time: a rest that arrives in drops has no more of it than one that stays away.
  /// - Returns: whether to wait: the time is not over.
  mutating func waitForRest(at now: NIODeadline) -> Bool {
    let end = restAwaitedUntil ?? now + Self.restTime
    restAwaitedUntil = end
    return now < end
  }

  /// Call it when bytes that may have waited go to the decoder, or are complete requests.
  mutating func endWaiting() {
    restAwaitedUntil = nil
  }

  /// Call it when the headers are complete, or the bytes belonged to no headers: their time limit no longer applies.
  mutating func endHeaders() {
    (headersBeganAt, headersAreTimed) = (nil, false)
  }

  /// When the timer must fire next; nil in phase `lingering`, which has limits of its own.
  /// - Parameter paceDeadline: when to check the pace of the running upload; nil when there is none.
  func deadline(in phase: RequestPhase, paceDeadline: NIODeadline?) -> NIODeadline? {
    if phase == .lingering { return nil }
    if phase == .receiving, let paceDeadline { return paceDeadline }
    if let restAwaitedUntil { return restAwaitedUntil }
    if let headersBeganAt { return headersBeganAt + headerTime }
    let idleAt = lastActivity + idleTime
    return phase == .skipping ? min(idleAt, respondedAt + Self.skipTime) : idleAt
  }

  /// Call it when the ``deadline(in:paceDeadline:)`` has passed. Too early does no harm.
  /// - Parameter hasUnreadResponse: whether the client has yet to read a response: it is slow, not idle.
  /// - Returns: what is due; `none` when only the timer must be set again.
  mutating func timerFired(in phase: RequestPhase, hasUnreadResponse: Bool, at now: NIODeadline) -> Action {
    if phase == .receiving { return .checkPace }
    if let restAwaitedUntil { return now >= restAwaitedUntil ? .decodeBeginning : .none }
    if let headersBeganAt { return now - headersBeganAt >= headerTime ? .rejectLateHeaders : .none }
    if phase == .skipping, now - respondedAt >= Self.skipTime { return .close }
    guard now - lastActivity >= idleTime else { return .none }
    if phase == .skipping || (phase == .idle && !hasUnreadResponse) { return .close }
    lastActivity = now
    return .none
  }
}

/// Decides whether a client sends a body too slowly, by an idle timeout and a minimum average rate. A pure state
/// machine; the caller passes the event loop's time.
///
/// Only time in which the client could send counts. While the disk, the memory budget or a rate limit blocks reads,
/// neither limit applies; when reads resume, the idle timeout begins anew. The total time is unlimited: a body that
/// keeps arriving may take weeks.
struct ClientPace: Sendable {
  enum Status: Equatable {
    /// The client keeps the limits, or could not send; check again at this time.
    case acceptable(until: NIODeadline)
    /// No byte arrived for the idle timeout, although the client could send.
    case timedOut
    /// After ``grace`` the average rate is below the minimum.
    case tooSlow
  }

  /// The average rate is checked once the client could send for this much time: the first seconds of a transfer say
  /// little.
  static let grace = TimeAmount.seconds(10)
  /// How often the average is checked after that.
  private static let step = TimeAmount.seconds(1)

  private let idleTimeout: TimeAmount
  /// In bytes per second; nil for none.
  private let minRate: UInt64?
  private var lastByte: NIODeadline
  private var bytes: UInt64 = 0
  /// The client's own time before ``since``.
  private var spent = TimeAmount.zero
  /// Since when the client could send without a break; nil while the server reads nothing.
  private var since: NIODeadline?

  /// The client can send from `now` on.
  /// - Parameters:
  ///   - idleTimeout: the longest time without a byte while the client can send.
  ///   - minRate: the least average rate, in bytes per second; nil for none.
  init(idleTimeout: TimeAmount, minRate: UInt64?, at now: NIODeadline) {
    self.idleTimeout = idleTimeout
    self.minRate = minRate
    (lastByte, since) = (now, now)
  }

  /// Notes that `count` bytes of the body arrived.
  mutating func received(_ count: Int, at now: NIODeadline) {
    bytes += UInt64(max(0, count))
    lastByte = now
  }

  /// Notes whether the client can send, that is, whether the server reads. Call it whenever that may have changed:
  /// repeated calls with the same value do nothing.
  mutating func note(canSend: Bool, at now: NIODeadline) {
    if canSend, since == nil {
      (lastByte, since) = (now, now)
    } else if !canSend, let began = since {
      spent = spent + (now - began)
      since = nil
    }
  }

  /// Whether the client keeps the limits at this time, and if so, when to check again.
  func status(at now: NIODeadline) -> Status {
    guard let since else { return .acceptable(until: now + idleTimeout) }
    guard now - lastByte < idleTimeout else { return .timedOut }
    let timeoutAt = lastByte + idleTimeout
    guard let minRate else { return .acceptable(until: timeoutAt) }
    let own = spent + (now - since)
    guard own >= Self.grace else { return .acceptable(until: min(timeoutAt, now + (Self.grace - own))) }
    let average = Double(bytes) / (Double(own.nanoseconds) * 1e-9)
    return average < Double(minRate) ? .tooSlow : .acceptable(until: min(timeoutAt, now + Self.step))
  }
}
