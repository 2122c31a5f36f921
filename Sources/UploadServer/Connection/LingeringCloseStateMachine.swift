import NIOCore

/// Decides how long to read and discard what a client sends after its final response, and when to close.
///
/// Closing at once would reset the connection while the client still sends, and a reset can destroy the response before
/// the client has read it (RFC 9112 section 9.6). wget, requests and other clients read only after they have sent
/// everything, so the rest of a rejected body is read within ``Limits``.
///
/// The sending side stays open while the body arrives: forwarders such as nginx's stream proxy close both directions at
/// the first FIN by default, which would be the same reset. It is closed when the body is complete, or when the client
/// pauses, because it may then be waiting for the end of the connection.
///
/// A pure state machine in the event loop's time.
struct LingeringCloseStateMachine: Equatable, Sendable {
  /// What is expected after the response.
  enum Remainder: Equatable, Sendable {
    /// Nothing: the request was complete.
    case nothing
    /// The rest of a body, whose end the decoder will report.
    case body
    /// Bytes whose end is unknown: they could not be parsed, or the client may not send its body at all.
    case unknown
  }

  struct Limits: Equatable, Sendable {
    /// Bytes that are discarded at most.
    var bytes: UInt64
    /// Time in all.
    var time: TimeAmount
    /// Bytes that must arrive in each ``LingeringCloseStateMachine/paceInterval``; nil for none.
    var pace: UInt64?

    /// For a rejected body: 1 GiB of content, and what its framing adds. Python's http.client sends chunks of 8 KiB, which
    /// is 1 MiB more.
    static let full = Limits(bytes: (1 << 30) + (64 << 20), time: .minutes(10), pace: 1 << 20)
    /// For a client that already has ``ServerContext/maxLingeringPerClient`` such connections, and where no body is
    /// expected.
    static let brief = Limits(bytes: 64 << 20, time: .seconds(30))
    /// For a client that sent nothing until it timed out: only the response has to get through.
    static let response = Limits(bytes: 64 << 20, time: .milliseconds(500))
    /// For a client that holds memory the server needs at once. It waits rather than sends, so that the close is no reset.
    static let evicted = Limits(bytes: 0, time: .zero)
    /// While the server stops. Many clients keep an idle connection open until they need it again.
    static let stopping = Limits(bytes: 64 << 20, time: .seconds(1))
  }

  enum Action: Equatable {
    /// Look again then.
    case wait(until: NIODeadline)
    /// Close the sending side, and ask again.
    case halfClose
    /// Close the connection.
    case close
  }

  static let paceInterval = TimeAmount.seconds(10)
  /// A client that sends nothing for this long may be waiting for the end of the connection.
  static let pause = TimeAmount.milliseconds(500)
  /// How long the client may take to close after its body is complete.
  static let closingTime = TimeAmount.seconds(30)

  private let limits: Limits
  private let startedAt: NIODeadline
  private var bytes: UInt64 = 0
  private var paceStartedAt: NIODeadline
  private var paceBytes: UInt64 = 0
  private var lastByteAt: NIODeadline
  private var endedAt: NIODeadline?
  private var outputIsOpen = true
  private let keepsOutputOpen: Bool

  init(_ remainder: Remainder, limits: Limits, at now: NIODeadline) {
    self.limits = limits
    (startedAt, paceStartedAt, lastByteAt) = (now, now, now)
    endedAt = remainder == .nothing ? now : nil
    keepsOutputOpen = remainder == .body
  }

  /// Bytes were read and discarded.
  mutating func received(_ count: Int, at now: NIODeadline) {
    bytes += UInt64(max(0, count))
    lastByteAt = now
    guard let pace = limits.pace else { return }
    paceBytes += UInt64(max(0, count))
    if paceBytes >= pace { (paceBytes, paceStartedAt) = (0, now) }
  }

  /// The body is complete.
  mutating func end(at now: NIODeadline) {
    if endedAt == nil { endedAt = now }
  }

  /// Whether a limit has been passed.
  func isOverLimit(at now: NIODeadline) -> Bool {
    bytes > limits.bytes || now >= deadline
  }

  mutating func action(at now: NIODeadline) -> Action {
    guard !isOverLimit(at: now) else { return .close }
    guard outputIsOpen else { return .wait(until: deadline) }
    let pausesAt = lastByteAt + Self.pause
    guard keepsOutputOpen, endedAt == nil, now < pausesAt else {
      outputIsOpen = false
      return .halfClose
    }
    return .wait(until: min(deadline, pausesAt))
  }

  private var deadline: NIODeadline {
    if let endedAt { return endedAt + min(Self.closingTime, limits.time) }
    let whole = startedAt + limits.time
    return limits.pace == nil ? whole : min(whole, paceStartedAt + Self.paceInterval)
  }
}
