import NIOCore

/// Closes a connection after its final response as ``LingeringCloseStateMachine`` decides. Loop-bound. The handler that sent
/// the response reports the bytes that it reads, and calls ``stop()`` when the connection is gone.
final class LingeringClose {
  private let context: ChannelHandlerContext
  /// The connection's place in ``ServerContext/lingering``; nil when it does not count there.
  private var place: PerClientCount.Place?
  private var machine: LingeringCloseStateMachine
  private var timer: Scheduled<Void>?

  /// Nothing happens before ``proceed()``.
  /// - Parameters:
  ///   - limits: where they are lower than those for a rejected body, which are the default.
  ///   - context: of the handler that sent the response.
  init(
    _ remainder: LingeringCloseStateMachine.Remainder,
    of client: ClientAddress,
    limits: LingeringCloseStateMachine.Limits? = nil,
    server: ServerContext,
    context: ChannelHandlerContext
  ) {
    self.context = context
    place = limits == nil && remainder != .nothing ? server.lingering.begin(client.key) : nil
    let limits = limits ?? (place != nil ? .full : .brief)
    machine = LingeringCloseStateMachine(remainder, limits: limits, at: context.eventLoop.now)
  }

  /// Reports `count` bytes that were read and discarded.
  func received(_ count: Int) {
    machine.received(count, at: context.eventLoop.now)
    if machine.isOverLimit(at: context.eventLoop.now) { close() }
  }

  /// The body is complete.
  func end() {
    machine.end(at: context.eventLoop.now)
    place = nil
    proceed()
  }

  /// Performs the action that is due, and sets the timer for the next one.
  func proceed() {
    timer?.cancel()
    switch machine.action(at: context.eventLoop.now) {
    case .close: close()
    case .halfClose:
      context.close(mode: .output, promise: nil)
      proceed()
    case .wait(let deadline):
      timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.proceed() }
    }
  }

  /// The connection is gone.
  func stop() {
    timer?.cancel()
    (timer, place) = (nil, nil)
  }

  private func close() {
    stop()
    context.close(promise: nil)
  }
}

/// Decides how long to read and discard a client's input after the final response, and when to close: a pure state machine
/// in the event loop's time.
///
/// Closing at once would reset the connection while the client still sends, and a reset can destroy the response before
/// the client has read it (RFC 9112 section 9.6). wget, requests and other clients read only after they have sent
/// everything, so the rest of a rejected body is read within ``Limits``.
///
/// The server's sending side is not closed while the body arrives: forwarders such as nginx's stream proxy close both
/// directions at the first FIN by default, which would be the same reset. It is closed when the body is complete, or when
/// the client pauses, because it may then be waiting for the end of the connection.
struct LingeringCloseStateMachine: Equatable, Sendable {
  /// The input that is expected after the response.
  enum Remainder: Equatable, Sendable {
    /// Nothing: the request was complete.
    case nothing
    /// The rest of a body, whose end the decoder will report.
    case body
    /// Bytes whose end is unknown: they could not be parsed, or the client may not send its body at all.
    case unknown
  }

  struct Limits: Equatable, Sendable {
    /// The most bytes to discard.
    var bytes: UInt64
    /// The longest time to read.
    var time: TimeAmount
    /// Bytes that must arrive in each ``LingeringCloseStateMachine/paceInterval``; nil for no minimum.
    var pace: UInt64?

    /// For a rejected body: 1 GiB of content and its framing. With the chunks of 8 KiB that Python's http.client sends, the
    /// framing is 1 MiB.
    static let full = Limits(bytes: (1 << 30) + (64 << 20), time: .minutes(10), pace: 1 << 20)
    /// For a client that already has ``ServerContext/maxLingeringPerClient`` such connections, and when no body is
    /// expected.
    static let brief = Limits(bytes: 64 << 20, time: .seconds(30))
    /// For a client that sent nothing until it timed out: only the response has to reach it.
    static let response = Limits(bytes: 64 << 20, time: .milliseconds(500))
    /// For a client whose memory the server needs at once. It is idle, so that closing at once does not reset the connection.
    static let evicted = Limits(bytes: 0, time: .zero)
    /// While the server stops. Many clients keep an idle connection open until they need it again.
    static let stopping = Limits(bytes: 64 << 20, time: .seconds(1))
  }

  enum Action: Equatable {
    /// Ask again at this time.
    case wait(until: NIODeadline)
    /// Close the sending side, and ask again at once.
    case halfClose
    /// Close the connection.
    case close
  }

  /// The interval of ``Limits/pace``.
  static let paceInterval = TimeAmount.seconds(10)
  /// A client that sends nothing for this long may be waiting for the end of the connection.
  static let pause = TimeAmount.milliseconds(500)
  /// How long the client may take to close after its body is complete.
  static let closingTime = TimeAmount.seconds(30)

  private let limits: Limits
  /// When to close, even while bytes arrive.
  private let latest: NIODeadline
  private var bytes: UInt64 = 0
  private var paceStartedAt: NIODeadline
  private var paceBytes: UInt64 = 0
  private var lastByteAt: NIODeadline
  private var endedAt: NIODeadline?
  private var outputIsOpen = true
  private let keepsOutputOpen: Bool

  init(_ remainder: Remainder, limits: Limits, at now: NIODeadline) {
    self.limits = limits
    (latest, paceStartedAt, lastByteAt) = (now + limits.time, now, now)
    endedAt = remainder == .nothing ? now : nil
    keepsOutputOpen = remainder == .body
  }

  /// Notes `count` bytes that were read and discarded.
  mutating func received(_ count: Int, at now: NIODeadline) {
    let count = UInt64(max(0, count))
    bytes += count
    paceBytes += count
    lastByteAt = now
    if let pace = limits.pace, paceBytes >= pace { (paceBytes, paceStartedAt) = (0, now) }
  }

  /// The body is complete.
  mutating func end(at now: NIODeadline) {
    if endedAt == nil { endedAt = now }
  }

  /// Whether a limit has been passed.
  func isOverLimit(at now: NIODeadline) -> Bool {
    bytes > limits.bytes || now >= deadline
  }

  /// What to do now. Ask when the connection begins to linger, when the body is complete, and when a wait is over.
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
    return limits.pace == nil ? latest : min(latest, paceStartedAt + Self.paceInterval)
  }
}
