import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The channel handler that owns an ``UploadSession``. Called on the event loop, possibly within a call to the session.
protocol UploadSessionDelegate: AnyObject {
  /// When the session's timer must fire next; nil for no timer.
  var deadline: NIODeadline? { get }
  /// Reads from the socket, if a read is pending and allowed: a condition that blocked reads may have changed.
  func resumeReading()
  /// The running upload ended: respond as the outcome says.
  /// - Parameter hadUploads: whether a file had begun, so that events of its own report the failure; otherwise the
  ///   delegate reports a rejected request.
  func sessionEnded(_ outcome: BodyOutcome, hadUploads: Bool)
  /// Sends an interim response (1xx).
  func sendInterim(_ response: HTTPResponse)
  /// The ``deadline`` has passed. To be followed by ``UploadSession/setTimer()``, unless the connection closes.
  func sessionTimerFired()
  /// The grace period of ``UploadSession/startGrace()`` is over, and ``IncomingBody/fail(_:)`` has been called for an
  /// upload that was still running.
  func sessionGraceEnded()
}

/// What HTTP and raw TCP connections share: the channel; the running upload with its rate limits, its pause, its pace and
/// its count among the client's uploads; the timers; and the lingering close. Loop-bound: call it on the connection's
/// event loop.
final class UploadSession: IncomingBodyDelegate {
  let server: ServerContext
  let eventLoop: any EventLoop
  /// The context of the connection's handler; nil before it is added and after it is removed.
  private(set) var context: ChannelHandlerContext?
  /// The body of the running upload; nil while there is none.
  private(set) var body: (any IncomingBody)?
  weak var delegate: (any UploadSessionDelegate)?
  /// The buffer that the channel reads into; nil where there is no socket.
  private let buffer: ReceiveBuffer?
  private var pace: ClientPace?
  /// Tells what the running upload waits for; nil while there is none.
  private var monitor: ReceiveMonitor?
  /// The rate limits of the running upload that the server was started with: the one that all uploads share, and the one
  /// of each.
  private var limiters: [RateLimiter] = []
  private var throttle = ReadThrottle()
  /// The upload that the user can pause and limit: the file of ``body`` that arrives; nil while there is none.
  private var controlled: UploadMeter?
  /// The running upload's place among those of its client; nil while there is none.
  private var place: PerClientCount.Place?
  /// The client of a running body that does not count as an upload yet: see ``admitUpload()``.
  private var unadmitted: ClientAddress?
  /// The limits of the lingering close, to be set before it begins; nil for those of a rejected body, or of a server
  /// that stops.
  var lingeringLimits: LingeringCloseStateMachine.Limits?
  /// Limits how long input is read and discarded after the last response, and closes; nil before
  /// ``linger(_:of:isStopping:)`` and after ``stop()``.
  private(set) var lingering: LingeringClose?
  private var timer: Scheduled<Void>?
  /// When ``timer`` fires; nil while it is not set.
  private var timerDeadline: NIODeadline?
  private var graceTimer: Scheduled<Void>?
  /// Fires when ``throttle`` may permit reads; nil while it waits for no time.
  private var throttleTimer: Scheduled<Void>?

  init(server: ServerContext, eventLoop: any EventLoop, buffer: ReceiveBuffer?) {
    self.server = server
    self.eventLoop = eventLoop
    self.buffer = buffer
  }

  // MARK: The channel

  /// Call it when the handler is added to the connection's pipeline: sets the timer.
  func start(on context: ChannelHandlerContext) {
    self.context = context
    setTimer()
  }

  var now: NIODeadline { eventLoop.now }

  /// The connection's other end, which may be a proxy; an unknown address while ``context`` is nil.
  var peer: ClientAddress { ClientAddress(context?.remoteAddress) }

  /// Whether the client reads responses: the channel accepts more of them. False while ``context`` is nil.
  var isWritable: Bool { context?.channel.isWritable ?? false }

  /// Whether the client has yet to read a response, as far as is known: see ``SlowReaderLimits/hasUnread``. False on
  /// raw connections, which have no such handler.
  var hasUnreadResponse: Bool {
    (try? context?.pipeline.syncOperations.handler(type: SlowReaderLimits.self))?.hasUnread ?? false
  }

  // MARK: The upload

  /// Begins an upload, while none is running. Call it when the delegate's state already says that the body is being
  /// received.
  /// - Parameters:
  ///   - client: whose uploads are counted.
  ///   - size: of the file in bytes; nil when it is not known.
  ///   - makeBody: makes the body, which reports to this session.
  /// - Returns: nil when it has begun; otherwise why not: it exceeds a limit, or the error of `makeBody`.
  func begin(of client: ClientAddress, size: UInt64?, _ makeBody: RequestDisposition.BodyMaker) -> UploadError? {
    if let limit = server.limits.maxSize, let size, size > limit.bytes { return .tooLarge(limit: limit) }
    do throws(UploadError) {
      let place = try server.admit(client)
      body = try makeBody(self)
      (self.place, limiters) = (place, server.limitersOfUpload())
    } catch {
      return error
    }
    beginPace()
    control(body?.meter)
    return nil
  }

  /// Begins a request of a resumable upload, while no upload is running. It counts as an upload only once its body
  /// calls ``admitUpload()``. Call it when the delegate's state already says that the body is being received.
  /// - Returns: the error of `makeBody`; nil when it has begun.
  func beginResumable(of client: ClientAddress, _ makeBody: RequestDisposition.BodyMaker) -> UploadError? {
    do throws(UploadError) {
      body = try makeBody(self)
    } catch {
      return error
    }
    (unadmitted, limiters) = (client, [])
    beginPace()
    return nil
  }

  func admitUpload() throws(UploadError) {
    guard let client = unadmitted else { return }
    place = try server.admit(client)
    (unadmitted, limiters) = (nil, server.limitersOfUpload())
  }

  func sendInterim(_ response: HTTPResponse) {
    delegate?.sendInterim(response)
  }

  private func beginPace() {
    let limits = server.limits
    pace = ClientPace(idleTimeout: limits.idleTime, minRate: limits.minRate?.bytes, at: now)
    monitor = buffer.map { ReceiveMonitor($0, at: now) }
    notePace()
    // The timer is set for idleness, which may be later than the first check of the average rate.
    if limits.minRate != nil { setTimer() }
  }

  /// Whether the upload has room for more bytes, and neither a rate limit nor a pause blocks them. True without an upload.
  var hasRoom: Bool { throttle.isOpen && (body?.hasRoom ?? true) }

  /// Delivers the next bytes of the body to the upload, if one is running. An error fails it, which the delegate learns
  /// from ``UploadSessionDelegate/sessionEnded(_:hadUploads:)``, perhaps within this call.
  func receive(_ bytes: ByteBuffer) {
    // The receive buffer, of which these are a slice, counts as memory of the upload.
    body?.meter?.setNetworkBytes(bytes.storageCapacity)
    do throws(UploadError) {
      try body?.receive(bytes)
    } catch {
      body?.fail(error)
    }
    // It may have failed.
    guard let body else { return }
    // The next file of a form, or one that a resumable upload has just found.
    control(body.meter)
    if body.hasRoom { body.meter?.setNetworkBytes(ReceiveBuffer.retained(of: bytes)) }
    let (now, count) = (now, bytes.readableBytes)
    pace?.received(count, at: now)
    let wait = limiters.reduce(0) { max($0, $1.take(count, at: now.uptimeNanoseconds)) }
    let userWait = controlled?.takeOfLimit(count, at: now.uptimeNanoseconds) ?? 0
    throttle.noteRead(count, limit: .nanoseconds(wait), userLimit: .nanoseconds(userWait), at: now)
    if !throttle.isOpen { setThrottleTimer() }
    if throttle.isLimited { body.meter?.noteLimit(true) }
    if let due = monitor?.dueAt, now >= due { observe(at: now) }
    notePace()
  }

  /// Divides what the upload has waited for bytes.
  private func observe(at now: NIODeadline) {
    guard let context, let meter = body?.meter else { return }
    monitor?.read(meter, at: now, context)
  }

  /// Call it when the body is complete: the upload stores it. The delegate gets the result in
  /// ``UploadSessionDelegate/sessionEnded(_:hadUploads:)``, perhaps within this call.
  /// - Parameter trailers: the trailer fields; nil when there are none.
  func endBody(trailers: HTTPFields?) {
    observe(at: now)
    endControl()
    do throws(UploadError) {
      try body?.end(trailers: trailers)
    } catch {
      body?.fail(error)
    }
  }

  /// Only a client that could send counts as slow: a slow disk is not its fault, and neither is a pause.
  private func notePace() {
    pace?.note(canSend: hasRoom && !throttle.isPaused, at: now)
  }

  /// When to call ``checkPace()`` next; nil without an upload, and when its client is already over a limit.
  var paceDeadline: NIODeadline? {
    guard case .acceptable(let deadline) = pace?.status(at: now) else { return nil }
    return deadline
  }

  /// Fails the upload if its client has timed out or is too slow. Call it each time the timer fires during an upload.
  func checkPace() {
    notePace()
    switch pace?.status(at: now) {
    case .timedOut:
      lingeringLimits = .response
      body?.fail(.bodyTimeout(server.limits.idleTimeout))
    case .tooSlow: body?.fail(.tooSlow(limit: server.limits.minRate ?? 0))
    case .acceptable, nil: break
    }
  }

  func bodyHasRoom() {
    control(body?.meter)
    // It was waiting for the disk or the budget; a rate limit may still block it.
    if throttle.isLimited { body?.meter?.noteLimit(true) }
    notePace()
    delegate?.resumeReading()
  }

  func bodyEnded(_ outcome: BodyOutcome) {
    let hadUploads = body?.meter != nil
    endControl()
    (body, place, unadmitted, pace, monitor) = (nil, nil, nil, nil, nil)
    delegate?.sessionEnded(outcome, hadUploads: hadUploads)
  }

  // MARK: Control by the user

  /// Lets the user pause and limit an upload from now on, in place of the one before: an earlier file of the same form,
  /// whose limit and pause apply to the rest of the form.
  private func control(_ meter: UploadMeter?) {
    guard let meter, meter !== controlled else { return }
    let former = controlled
    controlled = meter
    let (session, loop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
    meter.onPause { isPaused in loop.execute { session.value.setPaused(isPaused, meter) } }
    meter.onLimitChange { loop.execute { session.value.limitChanged(of: meter) } }
    guard let former else { return }
    if let limit = former.limit { meter.setLimit(limit) }
    if former.isPaused { meter.setPaused(true) }
    release(former)
  }

  /// Ends the control of the upload: its body is complete, or has ended.
  private func endControl() {
    throttleTimer?.cancel()
    (throttle, throttleTimer) = (ReadThrottle(), nil)
    guard let meter = controlled else { return }
    controlled = nil
    buffer?.limitReads(to: nil)
    release(meter)
  }

  /// A resumable upload remains paused: its next request is paused, too.
  private func release(_ meter: UploadMeter) {
    meter.setBlocked(false)
    meter.onLimitChange {}
    if meter.mode == .resumable { meter.onPause { _ in } } else { meter.endPausing() }
  }

  private func setPaused(_ isPaused: Bool, _ meter: UploadMeter) {
    guard meter === controlled else { return }
    throttle.setPaused(isPaused, at: now)
    meter.setBlocked(isPaused)
    throttleChanged()
  }

  private func limitChanged(of meter: UploadMeter) {
    guard meter === controlled else { return }
    throttle.changeUserLimit(wait: .nanoseconds(meter.limitWait(at: now.uptimeNanoseconds)), at: now)
    throttleChanged()
  }

  private func throttleChanged() {
    let chunk = [controlled?.limitedChunk, throttle.isPaused ? ReadThrottle.trickleSize : nil].compactMap { $0 }.min()
    buffer?.limitReads(to: chunk)
    setThrottleTimer()
    body?.meter?.noteLimit(throttle.isLimited)
    notePace()
    delegate?.resumeReading()
  }

  private func setThrottleTimer() {
    throttleTimer?.cancel()
    guard let deadline = throttle.deadline else { return throttleTimer = nil }
    throttleTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.throttle.advance(to: self.now)
      self.throttleChanged()
    }
  }

  // MARK: Timers

  /// Sets the timer to the delegate's deadline, at least 10 ms from now. Call it when that may have become earlier, and
  /// after the timer fired.
  func setTimer() {
    timer?.cancel()
    timerDeadline = delegate?.deadline.map { max($0, now + .milliseconds(10)) }
    guard let timerDeadline else { return timer = nil }
    timer = eventLoop.assumeIsolated().scheduleTask(deadline: timerDeadline) {
      self.timerDeadline = nil
      self.delegate?.sessionTimerFired()
    }
  }

  /// Sets the timer as ``setTimer()`` does, unless it fires early enough: for deadlines that are often passed in vain.
  func setTimer(noLaterThan deadline: NIODeadline) {
    if let timerDeadline, timerDeadline <= deadline { return }
    setTimer()
  }

  /// Begins the grace period, because the server stops. At its end ``IncomingBody/fail(_:)`` is called for a running
  /// upload, with code `shuttingDown`, and the delegate is notified with or without one; neither after ``stop()``. Only
  /// the first call has an effect.
  func startGrace() {
    guard graceTimer == nil else { return }
    graceTimer = eventLoop.assumeIsolated().scheduleTask(in: server.limits.graceTime) {
      self.body?.fail(UploadError(.shuttingDown, "The server stopped before the upload was complete. Send it again."))
      self.delegate?.sessionGraceEnded()
    }
  }

  // MARK: The end

  /// Reads and discards the client's remaining input, and closes. Call it once, when the last response has been
  /// written.
  /// - Parameter isStopping: whether the server stops: then the time is short, unless ``lingeringLimits`` says
  ///   otherwise.
  func linger(_ remainder: LingeringCloseStateMachine.Remainder, of client: ClientAddress, isStopping: Bool) {
    guard let context else { return }
    timer?.cancel()
    let limits = lingeringLimits ?? (isStopping ? .stopping : nil)
    lingering = LingeringClose(remainder, of: client, limits: limits, server: server, context: context)
    lingering?.proceed()
  }

  /// Call it when the connection is gone.
  /// - Parameter error: why the upload fails; nil when it continues without its client, since its body is complete.
  func disconnect(_ error: UploadError?) {
    if let error { body?.fail(error) }
    endControl()
    (body, place, unadmitted) = (nil, nil, nil)
  }

  /// Call it when the handler is removed, after the connection is gone: cancels all timers.
  func stop() {
    timer?.cancel()
    graceTimer?.cancel()
    throttleTimer?.cancel()
    lingering?.stop()
    (lingering, context) = (nil, nil)
  }
}

extension TimeAmount {
  /// Nanoseconds of a limiter; at most 292 years.
  fileprivate static func nanoseconds(_ count: UInt64) -> TimeAmount { .nanoseconds(Int64(clamping: count)) }
}
