import NIOCore

/// Closes a connection after its final response as ``LingeringCloseStateMachine`` decides. Loop-bound. The handler that
/// sent the response reports the bytes that it reads, and calls ``stop()`` when the connection is gone.
final class LingeringClose {
  private let context: ChannelHandlerContext
  /// The connection's place in ``ServerContext/lingering``; nil when it does not count there.
  private var place: PerClientCount.Place?
  private var machine: LingeringCloseStateMachine
  private var timer: Scheduled<Void>?

  /// The time limits count from now on. Nothing is closed before ``proceed()``, unless a limit is exceeded.
  /// - Parameters:
  ///   - remainder: the input that is expected after the response.
  ///   - client: whose connections count in ``ServerContext/lingering``.
  ///   - limits: nil for those of a rejected body: `full`, or `brief` when nothing remains or the client has too many
  ///     such connections.
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

  /// Call it when `count` bytes were read and discarded. Closes the connection when a limit is exceeded.
  func received(_ count: Int) {
    machine.received(count, at: context.eventLoop.now)
    if machine.isOverLimit(at: context.eventLoop.now) { close() }
  }

  /// Call it when the discarded body is complete: from now on only the client's close is awaited.
  func end() {
    machine.end(at: context.eventLoop.now)
    place = nil
    proceed()
  }

  /// Begins the close: performs the action that is due, and sets a timer for the next one. Call it once, when the
  /// response has been written.
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

  /// Call it when the connection is gone or the handler is removed: cancels the timer.
  func stop() {
    timer?.cancel()
    (timer, place) = (nil, nil)
  }

  private func close() {
    stop()
    context.close(promise: nil)
  }
}

/// Decides how long to read and discard a client's input after the final response, and when to close: a pure state
/// machine. The caller passes the event loop's time.
///
/// Closing at once would reset the connection while the client still sends, and a reset can destroy the response before
/// the client has read it (RFC 9112 section 9.6). wget, requests and other clients read only after they have sent
/// everything, so the rest of a rejected body is read within ``Limits``.
///
/// While a body arrives, the server's sending side is not closed: forwarders such as nginx's stream proxy close both
/// directions at the first FIN by default, which would be the same reset. It is closed when the body is complete, or
/// when the client pauses, because it may then be waiting for the end of the connection; and at once when nothing is
/// expected, or bytes whose end is unknown.
struct LingeringCloseStateMachine: Equatable, Sendable {
  /// The input that is expected after the response.
  enum Remainder: Equatable, Sendable {
    /// Nothing: the request was complete.
    case nothing
    /// The rest of a body whose end is recognized: by the decoder, see ``end(at:)``, or as the FIN of a raw upload.
    case body
    /// Bytes whose end is unknown: they could not be parsed, or the client may not send its body at all.
    case unknown
  }

  struct Limits: Equatable, Sendable {
    /// The most bytes to discard.
    var bytes: UInt64
    /// The longest time to read, from the response on.
    var time: TimeAmount
    /// Bytes that must arrive in each ``LingeringCloseStateMachine/paceInterval`` until the body is complete; nil for
    /// no minimum.
    var pace: UInt64?

    /// For a rejected body: 1 GiB of content and 64 MiB of framing within 10 minutes, at least 1 MiB every 10 s.
    static let full = Limits(bytes: (1 << 30) + (64 << 20), time: .minutes(10), pace: 1 << 20)
    /// For a client that already has ``ServerContext/maxLingeringPerClient`` connections under ``full``, and when the
    /// request is complete.
    static let brief = Limits(bytes: 64 << 20, time: .seconds(30))
    /// For a request of a resumable upload with a stale offset: its client asks for the offset, whether it has read the
    /// response or not. Browsers repeat a request by themselves when its connection is lost, although the server has a
    /// part of it: without this limit they would send up to a whole file that is discarded.
    static let stale = Limits(bytes: 1 << 20, time: .seconds(5))
    /// For a client that timed out before its request was complete: only the response has to reach it.
    static let response = Limits(bytes: 64 << 20, time: .milliseconds(500))
    /// Close at once: the server needs the memory of the client's incomplete headers. As a rule the client is idle, so
    /// that this does not reset the connection.
    static let evicted = Limits(bytes: 0, time: .zero)
    /// While the server stops: many clients keep an idle connection open until they need it again, and must not delay
    /// the end.
    static let stopping = Limits(bytes: 64 << 20, time: .seconds(1))
  }

  enum Action: Equatable {
    /// Do nothing until this time, then call ``action(at:)`` again.
    case wait(until: NIODeadline)
    /// Close the sending side, and call ``action(at:)`` again at once.
    case halfClose
    /// Close the connection.
    case close
  }

  /// The time in which a client must send ``Limits/pace`` bytes.
  static let paceInterval = TimeAmount.seconds(10)
  /// The sending side is closed when the client sends nothing for this long: it may be waiting for the end of the
  /// connection.
  static let pause = TimeAmount.milliseconds(500)
  /// The longest time from the end of the body to the client's close; less where ``Limits/time`` is shorter.
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

  /// Call it when the decoder has reported the end of the body: only the client's close is still awaited.
  mutating func end(at now: NIODeadline) {
    if endedAt == nil { endedAt = now }
  }

  /// Whether a limit of bytes, time or pace has been exceeded, so that the connection must be closed.
  func isOverLimit(at now: NIODeadline) -> Bool {
    bytes > limits.bytes || now >= deadline
  }

  /// What to do now; `halfClose` is returned once. Call it when the connection begins to linger, when the body is
  /// complete, and when a wait is over.
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
