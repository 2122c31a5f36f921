import Glibc
import HTTPExchange
import NIOCore
import NIOPosix
import UploadCore

/// Sends small files to one target: reads them in batches on the thread pool, writes their requests to a few connections
/// (``PipelineConnections``), and ends their uploads.
///
/// All state belongs to one event loop, which makes `@unchecked Sendable` safe: other threads only call ``add(_:)``,
/// ``finish()`` and ``cancel()``.
final class SmallFileSender: @unchecked Sendable {
  /// What all of the uploads share.
  struct Setup: Sendable {
    let template: SmallRequest
    let resources: ClientResources
    let ledger: UploadLedger
    let connector: ServerConnector
    /// The most connections.
    let connectionLimit: Int
    /// Called once for each source, on a thread of the pool.
    let onEnd: @Sendable (UploadSource, UploadMeter) -> Void
    /// Called once, when nothing more is sent because of an error.
    var onStop: @Sendable (UploadError) -> Void = { _ in }
  }

  private enum Phase {
    case running
    /// Queued uploads are not sent. Last.
    case stopped(UploadError?)
  }

  /// How many files one job of the thread pool reads, and how many jobs run at once: one file opens in some 10 µs when it is
  /// cached, in milliseconds when the disk has to be read.
  private static let batchSize = 32
  private static let readLimit = 4
  /// How many requests are kept in memory for connections with room.
  private static let readyLimit = 256

  let setup: Setup
  private let loop: any EventLoop
  private let inbox: SmallFileInbox
  private var phase = Phase.running
  private var unread = CircularBuffer<UploadSource>()
  private var ready = CircularBuffer<SmallUpload>()
  private var readCount = 0
  /// Uploads between two attempts.
  private var pausing: [ObjectIdentifier: SmallUpload] = [:]
  private let endings: SmallFileEndings
  private var rejections = RejectionStreak()
  private var isPumpScheduled = false
  private var pausedUntil = NIODeadline.uptimeNanoseconds(0)
  private lazy var connections = PipelineConnections(self, loop)

  init(_ setup: Setup, loop: any EventLoop) {
    (self.setup, self.loop, inbox) = (setup, loop, SmallFileInbox(loop))
    endings = SmallFileEndings(setup, inbox, loop)
  }

  // MARK: From any thread

  /// Whether no more sources are needed: the task was cancelled, or the server rejects everything.
  var isStopped: Bool { inbox.isStopped }

  /// Adds a source, and waits while there are too many.
  func add(_ source: UploadSource) async { await inbox.add(source) { self.pump() } }

  /// Waits until every source has ended, and closes the connections unless there are ``takeLarge()``.
  /// - Returns: why not all were sent; nil when they were, or the task was cancelled.
  func finish() async -> UploadError? {
    await inbox.untilEmpty()
    let reason = loop.submit { () -> UploadError? in
      self.connections.finish()
      return if case .stopped(let error) = self.phase { error } else { nil }
    }
    return (try? await reason.get()) ?? nil
  }

  /// Removes and returns files that turned out to be larger: they have to be sent the usual way.
  func takeLarge() -> [UploadSource] { inbox.takeLarge() }

  /// Ends all uploads that are not complete.
  func cancel() {
    inbox.stop()
    loop.execute {
      self.stop(because: nil)
      self.connections.cancel()
    }
  }

  /// Nothing more is to be sent, because of an error of another upload to the target.
  func stop(_ error: UploadError) {
    inbox.stop()
    loop.execute { self.stop(because: error) }
  }

  // MARK: From the connections

  /// Does everything that can be done now: reads files, sends requests, opens connections.
  func pump() {
    unread.append(contentsOf: inbox.take())
    if case .stopped = phase { endQueued() } else { read() }
    connections.fill(until: pausedUntil)
    if endings.isDue { endings.endAll() }
  }

  /// Calls ``pump()`` in another tick of the event loop, or after some time.
  func schedulePump(at instant: NIODeadline? = nil) {
    if let instant {
      loop.assumeIsolated().scheduleTask(deadline: instant) { self.pump() }
    } else if !isPumpScheduled {
      isPumpScheduled = true
      loop.assumeIsolated().execute {
        self.isPumpScheduled = false
        self.pump()
      }
    }
  }

  /// The next upload to send.
  var next: SmallUpload? { ready.first }

  /// How many uploads can be sent now.
  var readyCount: Int { ready.count }

  /// Removes ``next``, whose request is about to be written.
  func begin(_ upload: SmallUpload) {
    ready.removeFirst()
    begun(upload)
  }

  /// A request has a response.
  func responded(_ upload: SmallUpload, _ response: ExchangeResponse, staysOpen: Bool) {
    if staysOpen { connections.conduct.responded() }
    guard upload.state != .ended else { return }
    upload.meter.phase = .finishing
    // Of many that are rejected for the same reason only the first has a message.
    if case .stopped(_?) = phase, upload.sendsFile, RejectionStreak.repeatedStatuses.contains(response.status) {
      return end(.outcome(upload, .cancelled))
    }
    switch upload.received(response, setup.template) {
    case .respond: decided(upload, response)
    case .stored:
      upload.meter.resume(at: UInt64(upload.size))
      end(.response(upload, ExchangeResponse(status: 200)))
    case .send: ready.prepend(upload)
    case .pause:
      let error = response.rejection(hasToken: setup.template.hasToken)
      // Its request may be repeated: it stores nothing.
      let result = ExchangeResult(response: response, isBodyBegun: false, isBodySent: false)
      failed(upload, FailedAttempt(error, result))
    case .failDifferent: end(.outcome(upload, .failed(differentError(upload))))
    case .failUnknown: end(.outcome(upload, .failed(upload.uncertainty ?? differentError(upload))))
    }
  }

  /// A `PUT` has its response.
  private func decided(_ upload: SmallUpload, _ response: ExchangeResponse) {
    guard !response.isSuccess,
      case .failed(let error) = upload.outcome(response, hasToken: setup.template.hasToken)
    else {
      _ = rejections.note(response.status)
      return end(.response(upload, response))
    }
    let result = ExchangeResult(response: response, isBodyBegun: true, isBodySent: true)
    failed(upload, FailedAttempt(error, result))
    if rejections.note(response.status) { stop(because: error) }
  }

  /// A connection has ended, with these requests outstanding.
  func ended(
    _ handler: PipelineHandler,
    _ uploads: [(SmallUpload, PipelineStateMachine.Fate)],
    _ end: PipelineStateMachine.End
  ) {
    connections.ended(handler, end)
    for case (let upload, .unprocessed) in uploads.reversed() where upload.state != .ended {
      upload.meter.resume(at: 0)
      upload.meter.phase = .waiting
      ready.prepend(upload)
    }
    for (upload, fate) in uploads where upload.state != .ended {
      switch fate {
      case .unprocessed: break
      case .responded(let response): responded(upload, response, staysOpen: false)
      case .failed(.cancelled, _): self.end(.outcome(upload, .cancelled))
      case .failed(let failure, let isBodySent):
        let error = failure.error(
          of: upload.meter,
          from: setup.connector.server.name,
          setup.resources.configuration,
          cause: nil
        )
        let isLost = isBodySent && failure.leavesUncertain && setup.template.canLookUp
        if isLost { upload.lost(error, setup.template) }
        failed(
          upload,
          FailedAttempt(
            error: error,
            isTemporary: isLost || failure.isTemporary && !isBodySent,
            isSourceUsed: true,
            failure: failure,
            isBodySent: isBodySent
          )
        )
      }
    }
    schedulePump()
  }

  /// No connection can be opened, and none is left: the next attempt follows.
  /// - Parameters:
  ///   - attempt: the number of the next attempt.
  ///   - instant: when that begins.
  func waitToConnect(because error: UploadError, attempt: Int, until instant: ContinuousClock.Instant) {
    guard let first = ready.first else { return }
    begun(first)
    first.meter.pause(because: error.event, attempt: attempt, until: instant)
  }

  /// No connection can be opened, none is left, and there is no other attempt: one upload fails for all.
  func cannotConnect(_ error: UploadError) {
    if let first = ready.popFirst() { end(.outcome(first, .failed(error))) }
    stop(because: error)
  }

  // MARK: Reading

  private func read() {
    while readCount < Self.readLimit, !unread.isEmpty, ready.count < Self.readyLimit {
      let count = nextBatchCount
      // A whole batch; fewer only when nothing else is being read.
      guard readCount == 0 || count < unread.count || count == Self.batchSize else { return }
      let sources = Array(unread.prefix(count))
      unread.removeFirst(count)
      readCount += 1
      let template = setup.template
      setup.resources.threadPool.runIfActive(eventLoop: loop) { SmallUpload.prepare(sources, template) }
        .assumeIsolated()
        .whenComplete { [self] result in
          readCount -= 1
          switch result {
          case .success(let prepared): didRead(prepared)
          // The pool was shut down.
          case .failure: for source in sources { endUnsent(source) }
          }
          schedulePump()
        }
    }
  }

  /// How many files the next job reads: their requests fit into a ``RequestBlock``.
  private var nextBatchCount: Int {
    var (count, bytes) = (0, 0)
    for source in unread.prefix(Self.batchSize) {
      bytes += setup.template.estimatedSize(source)
      guard count == 0 || bytes <= RequestBlock.capacity else { break }
      count += 1
    }
    return count
  }

  private func didRead(_ prepared: [SmallUpload.Prepared]) {
    for item in prepared {
      switch item {
      case .ready(let upload): ready.append(upload)
      case .failed(let source, let meter, let error): end(.unread(source, meter, error))
      case .large(let source): inbox.release([], large: [source])
      }
    }
  }

  // MARK: Attempts

  private func begun(_ upload: SmallUpload) {
    switch upload.state {
    case .queued:
      upload.state = .begun
      upload.meter.onCancel { [weak self, weak upload] in
        guard let self, let upload else { return }
        loop.execute { self.cancelled(upload) }
      }
      setup.ledger.begin(upload.meter)
    case .begun: if upload.meter.phase == .pause { upload.meter.beginAttempt() }
    case .ended: break
    }
  }

  /// Ends one upload. A response that arrives later is ignored.
  private func cancelled(_ upload: SmallUpload) {
    guard upload.state == .begun else { return }
    pausing[ObjectIdentifier(upload)] = nil
    ready.removeAll { $0 === upload }
    end(.outcome(upload, .cancelled))
    endings.endAll()
  }

  /// An attempt has failed: there is another one after a pause, or the upload ends.
  private func failed(_ upload: SmallUpload, _ attempt: FailedAttempt) {
    let now = ContinuousClock.now
    var retries =
      upload.retries
      ?? RetryStateMachine(setup.resources.configuration.retry, isRepeatable: true, start: upload.meter.startedAt)
    var random = SystemRandomNumberGenerator()
    let sent = upload.meter.received
    let action = retries.failed(attempt, sent: sent, at: now, timeOfDay: Int64(time(nil)), using: &random)
    upload.retries = retries
    // Of a file that may be stored, that is what matters.
    let error = upload.uncertainty ?? attempt.error
    switch action {
    case .giveUp(let reason):
      end(.outcome(upload, .failed(error.adding(reason.note(attempts: retries.failures)))))
    case .pause(let duration):
      guard case .running = phase else { return end(.outcome(upload, .failed(error))) }
      upload.meter.pause(because: attempt.error.event, attempt: retries.failures + 1, until: now + duration)
      // The server asks all of them to wait.
      if attempt.retryAfter != nil { pausedUntil = max(pausedUntil, loop.now + TimeAmount(duration)) }
      upload.detach()
      pausing[ObjectIdentifier(upload)] = upload
      loop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [self] in
        guard pausing.removeValue(forKey: ObjectIdentifier(upload)) != nil else { return }
        upload.meter.beginAttempt()
        ready.append(upload)
        schedulePump()
      }
    }
  }

  /// The error for a file that may be stored, while its URL shows another one.
  private func differentError(_ upload: SmallUpload) -> UploadError {
    UploadError(
      .connectionLost,
      "The response of \(setup.connector.server.name) was lost, and there is another file under this name now. "
        + "This one may be stored under another name. Check that before you send it again."
    )
  }

  // MARK: Ends

  /// Stops sending: requests that are outstanding may still get their responses.
  private func stop(because error: UploadError?) {
    guard case .running = phase else { return }
    phase = .stopped(error)
    inbox.stop()
    if let error { setup.onStop(error) }
    schedulePump()
  }

  private func endQueued() {
    for source in unread { endUnsent(source) }
    unread.removeAll()
    for upload in Array(ready) + pausing.values {
      if upload.state != .begun {
        end(.unsent(upload.source, upload.meter))
      } else if case .stopped(_?) = phase, let error = upload.uncertainty {
        end(.outcome(upload, .failed(error)))
      } else {
        end(.outcome(upload, .cancelled))
      }
    }
    ready.removeAll()
    pausing.removeAll()
  }

  private func endUnsent(_ source: UploadSource) {
    end(.unsent(source, SmallUpload.meter(source, size: source.size, setup.template.target)))
  }

  private func end(_ ending: SmallFileEndings.Ending) {
    endings.add(ending)
    if endings.isDue { schedulePump() }
  }
}
