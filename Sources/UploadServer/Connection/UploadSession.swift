import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// What an ``UploadSession`` asks of the handler of its connection; on the event loop, perhaps within a call to the session.
protocol UploadSessionDelegate: AnyObject {
  /// When the session's timer should fire next; nil for never.
  var deadline: NIODeadline? { get }
  /// What blocked reads may be gone: reads, if a read is pending.
  func resumeReading()
  /// The upload ended: the stored files, or why there are none.
  /// - Parameter hadUploads: an upload had begun, which is reported by itself.
  func sessionEnded(_ result: Result<[StoredFile], UploadError>, hadUploads: Bool)
  /// The ``deadline`` has passed.
  func sessionTimerFired()
  /// The grace period of ``UploadSession/startGrace()`` is over.
  func sessionGraceEnded()
}

/// What a connection of HTTP and one of raw TCP share: the channel; the running upload with its rate limit, its pace and
/// its place among the client's uploads; the timers; and the lingering close. Loop-bound.
final class UploadSession: IncomingBodyDelegate {
  let server: ServerContext
  let eventLoop: any EventLoop
  /// Of the connection's handler; nil before it is added and after it is removed.
  private(set) var context: ChannelHandlerContext?
  /// The running upload; nil while there is none.
  private(set) var body: (any IncomingBody)?
  weak var delegate: (any UploadSessionDelegate)?
  private var pace: ClientPace?
  private var throttle = ReadThrottle()
  /// The client among whose uploads the running one counts; nil while there is none.
  private var countedClient: ClientAddress?
  /// Limits of the lingering close, where they are lower than those for a rejected body.
  private var lingeringLimits: LingeringCloseStateMachine.Limits?
  private var lingering: LingeringClose?
  private var timer: Scheduled<Void>?
  private var graceTimer: Scheduled<Void>?
  /// A rate limit blocks reads until it fires.
  private var limitTimer: Scheduled<Void>?

  init(server: ServerContext, eventLoop: any EventLoop) {
    self.server = server
    self.eventLoop = eventLoop
  }

  // MARK: The channel

  /// The handler is added to the connection's pipeline.
  func start(on context: ChannelHandlerContext) {
    self.context = context
    setTimer()
  }

  var now: NIODeadline { eventLoop.now }

  /// The other end of the connection.
  var peer: ClientAddress { ClientAddress(context?.remoteAddress) }

  /// Whether the client reads responses.
  var isWritable: Bool { context?.channel.isWritable ?? false }

  /// Whether the client has yet to read a response, as far as is known.
  var hasUnreadResponse: Bool {
    let limits = try? context?.pipeline.syncOperations.handler(type: SlowReaderLimits.self)
    return limits?.hasUnread ?? false
  }

  // MARK: The upload

  /// Begins an upload.
  /// - Parameters:
  ///   - size: of the file in bytes, where it is known.
  ///   - makeBody: makes the body, which reports to this session.
  /// - Returns: why it cannot begin: it is over a limit, or `makeBody` throws; nil when it has begun.
  func begin(
    of client: ClientAddress,
    size: UInt64?,
    _ makeBody: RequestDisposition.BodyMaker
  ) -> UploadError? {
    if let limit = server.limits.maxSize, let size, size > limit.bytes { return .tooLarge(limit: limit) }
    do throws(UploadError) {
      try server.admit(client)
      countedClient = client
      throttle = ReadThrottle(shared: server.limiter, rate: server.limits.ratePerUpload)
      pace = ClientPace(
        idleTimeout: server.limits.idleTime,
        minRate: server.limits.minRate?.bytes,
        at: eventLoop.now
      )
      body = try makeBody(self)
    } catch {
      stopCounting()
      pace = nil
      return error
    }
    notePace()
    return nil
  }

  /// Whether the upload can take more bytes, and no rate limit blocks them.
  var hasRoom: Bool { limitTimer == nil && (body?.hasRoom ?? true) }

  /// Takes the next bytes of the body.
  func receive(_ bytes: ByteBuffer) {
    body?.receive(bytes)
    // It may have failed.
    guard body != nil else { return }
    pace?.received(bytes.readableBytes, at: eventLoop.now)
    let wait = throttle.wait(after: bytes.readableBytes, at: eventLoop.now)
    if wait > .zero { blockReads(for: wait) }
    notePace()
  }

  private func blockReads(for wait: TimeAmount) {
    limitTimer?.cancel()
    limitTimer = eventLoop.assumeIsolated().scheduleTask(in: wait) {
      self.limitTimer = nil
      self.body?.noteLimit(false)
      self.notePace()
      self.delegate?.resumeReading()
    }
    body?.noteLimit(true)
  }

  /// Only a client that could send counts as slow: a slow disk is not its fault.
  private func notePace() {
    pace?.note(canSend: hasRoom, at: eventLoop.now)
  }

  /// When to check the pace of the upload next; nil when there is none.
  var paceDeadline: NIODeadline? {
    guard case .acceptable(let deadline) = pace?.status(at: eventLoop.now) else { return nil }
    return deadline
  }

  /// Fails the upload when its client has timed out or is too slow.
  func checkPace() {
    notePace()
    switch pace?.status(at: eventLoop.now) {
    case .timedOut:
      lingeringLimits = .response
      body?.fail(.bodyTimeout(server.limits.idleTimeout))
    case .tooSlow: body?.fail(.tooSlow(limit: server.limits.minRate ?? 0))
    case .acceptable, nil: break
    }
  }

  func bodyHasRoom() {
    // The wait was the disk's, or the budget's: the client's time begins anew.
    if limitTimer != nil { body?.noteLimit(true) }
    notePace()
    delegate?.resumeReading()
  }

  func bodyEnded(_ result: Result<[StoredFile], UploadError>) {
    let hadUploads = body?.hasUploads ?? false
    body = nil
    stopCounting()
    limitTimer?.cancel()
    (limitTimer, pace) = (nil, nil)
    delegate?.sessionEnded(result, hadUploads: hadUploads)
  }

  private func stopCounting() {
    guard let client = countedClient else { return }
    countedClient = nil
    server.uploadEnded(of: client)
  }

  // MARK: Timers

  /// Has the timer fire at the delegate's deadline, in place of the deadline before.
  func setTimer() {
    timer?.cancel()
    guard let deadline = delegate?.deadline else { return timer = nil }
    let soonest = eventLoop.now + .milliseconds(10)
    timer = eventLoop.assumeIsolated().scheduleTask(deadline: max(deadline, soonest)) {
      self.delegate?.sessionTimerFired()
    }
  }

  /// An upload has begun. The timer that runs is set for idleness, which may be later than the first look at the average
  /// rate.
  func startTimingPace() {
    if server.limits.minRate != nil { setTimer() }
  }

  /// The server stops: running uploads have this long. Further calls do nothing.
  func startGrace() {
    guard graceTimer == nil else { return }
    graceTimer = eventLoop.assumeIsolated().scheduleTask(in: server.limits.graceTime) {
      self.delegate?.sessionGraceEnded()
    }
  }

  /// The grace period is over: the upload fails.
  func failForShutdown() {
    body?.fail(UploadError(.shuttingDown, "The server stopped before the upload was complete. Send it again."))
  }

  // MARK: The end

  /// Nothing but the response has to get through: lowers the limits of the lingering close.
  func limitLingering(_ limits: LingeringCloseStateMachine.Limits) {
    lingeringLimits = limits
  }

  /// After the last response, reads and discards what the client still sends, and closes.
  /// - Parameter isStopping: whether the server stops.
  func linger(
    _ remainder: LingeringCloseStateMachine.Remainder,
    of client: ClientAddress,
    isStopping: Bool
  ) {
    guard let context else { return }
    timer?.cancel()
    let limits = lingeringLimits ?? (isStopping ? .stopping : nil)
    let lingering = LingeringClose(remainder, of: client, limits: limits, server: server, context: context)
    self.lingering = lingering
    lingering.proceed()
  }

  /// Bytes arrived that are discarded when the last response has been sent.
  func bytesArrived(_ count: Int) {
    lingering?.received(count)
  }

  /// The body that is discarded is complete.
  func endLingering() {
    lingering?.end()
  }

  /// The connection is gone.
  /// - Parameter error: why the upload fails; nil when it continues without its client, since its body is complete.
  func disconnect(_ error: UploadError?) {
    timer?.cancel()
    limitTimer?.cancel()
    if let error { body?.fail(error) }
    body = nil
    stopCounting()
    lingering?.stop()
  }

  /// The handler is removed.
  func stop() {
    timer?.cancel()
    graceTimer?.cancel()
    limitTimer?.cancel()
    lingering?.stop()
    (lingering, context) = (nil, nil)
  }
}

/// The rate limits that one connection's reads are under: the server's, which all share, and its own.
struct ReadThrottle: Sendable {
  private let shared: RateLimiter?
  private let own: RateLimiter?

  /// - Parameter rate: of this upload alone, in bytes per second; nil for no limit.
  init(shared: RateLimiter? = nil, rate: UInt64? = nil) {
    self.shared = shared
    own = rate.map { RateLimiter(bytesPerSecond: $0) }
  }

  /// How long to read nothing after `count` bytes have been read.
  func wait(after count: Int, at now: NIODeadline) -> TimeAmount {
    guard shared != nil || own != nil else { return .zero }
    let instant = now.uptimeNanoseconds
    let wait = max(shared?.take(count, at: instant) ?? 0, own?.take(count, at: instant) ?? 0)
    return .nanoseconds(Int64(clamping: wait))
  }
}
