package import UploadCore

/// Derives events from the differences between consecutive snapshots: for JSON lines, plain lines and the dashboard's
/// log.
///
/// An upload starts when it leaves the queue; before that, only its cancellation is reported. No clock: times are those
/// of the snapshots. The history of an upload is discarded when the upload ends.
package struct EventDeriver: Sendable {
  /// What was reported of an upload, to find out what is new.
  private struct History {
    /// When progress was last reported.
    var reportedAt: ContinuousClock.Instant
    /// The progress that was last reported; nil before the first report.
    var reported: Reading?
    var stall: Stall?
    /// Since when the upload is interrupted; nil while it is not.
    var interruptedSince: ContinuousClock.Instant?
    /// The number of the last attempt that was reported; the first is not reported.
    var attempt = 1
    /// The notice that was last reported.
    var notice: String?

    struct Stall {
      let cause: StallCause
      let since: ContinuousClock.Instant
    }

    /// Whether the upload runs and there is nothing to report but progress.
    func isCalm(_ upload: UploadSnapshot) -> Bool {
      stall == nil && interruptedSince == nil && upload.cause == nil && upload.state != .interrupted
        && upload.outcome == nil && upload.retryReason == nil && upload.notice == notice
    }

    /// Records whether the upload is interrupted or stalled.
    /// - Returns: `interrupted` for a new interruption, `stalled` for a new stall or a new cause, `resumed` at the end
    ///   of either; otherwise nil.
    mutating func noteBreak(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      if upload.state == .interrupted {
        // A stall that the end of the connection has ended did not resume.
        stall = nil
        guard interruptedSince == nil else { return nil }
        interruptedSince = now - .seconds(Self.bounded(upload.interruptedSeconds ?? 0))
        return .interrupted(upload)
      }
      guard let cause = upload.cause else { return resume(upload, at: now) }
      guard stall?.cause != cause else { return nil }
      stall = Stall(cause: cause, since: stall?.since ?? now - .seconds(Self.bounded(upload.stalledSeconds)))
      return .stalled(upload)
    }

    /// Records that the upload is neither interrupted nor stalled.
    /// - Returns: `resumed` at the end of an interruption or a stall; otherwise nil.
    mutating func resume(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      defer { (stall, interruptedSince) = (nil, nil) }
      if let since = interruptedSince {
        return .resumed(upload, seconds: (now - since).inSeconds, after: .interruption)
      }
      return stall.map { .resumed(upload, seconds: (now - $0.since).inSeconds) }
    }

    /// A number of seconds from 0 to 10^9, so that no instant overflows.
    private static func bounded(_ seconds: Double) -> Double { min(max(0, seconds), 1e9) }

    /// Records the progress.
    /// - Returns: `progress`; nil for a stalled, interrupted or paused upload that has not changed since the last
    ///   report.
    mutating func noteProgress(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      let reading = (upload.state, upload.bytes, upload.stored, upload.durable, upload.residentBytes)
      let mayRest = upload.state == .stalled || upload.isResting
      guard !mayRest || reported.map({ $0 != reading }) ?? true else { return nil }
      reportedAt = now
      reported = reading
      return .progress(upload)
    }
  }

  /// The state, the received, stored and durable bytes, and the memory of an upload: what a progress event of a
  /// stalled, interrupted or paused upload can change, for example because memory was released.
  private typealias Reading = (UploadState, UInt64, UInt64?, UInt64?, Int)

  /// The least time between two reports of the process's memory.
  private static let processInterval = Duration.seconds(1)

  private let interval: Duration?
  private var histories: [UploadID: History] = [:]
  private var processReportedAt: ContinuousClock.Instant?
  private var trees: TreeEventDeriver

  /// Makes a deriver without history: every running upload of the first snapshot is reported as started.
  /// - Parameters:
  ///   - interval: the least time between two progress events of one upload or tree; nil to report neither progress nor
  ///     the process's memory.
  ///   - trees: whether the files of trees are reported.
  package init(interval: Duration? = .milliseconds(500), trees: TreeReporting = .everyFile) {
    self.interval = interval
    self.trees = TreeEventDeriver(trees, interval: interval)
  }

  /// How many uploads have a history; for tests.
  var historyCount: Int { histories.count }

  /// The events since the previous snapshot, in the order in which to report them. Call it once for every snapshot of
  /// the sampler, in order, since each contains the ends and rejections that no other does.
  package mutating func events(for snapshot: Snapshot) -> [UploadEvent] {
    var events: [UploadEvent] = []
    report(snapshot) { events.append($0) }
    return events
  }

  /// Passes on what ``events(for:)`` returns, one event after the other: those of 10,000 uploads need not be in memory at once.
  package mutating func report(_ snapshot: Snapshot, to receive: (UploadEvent) -> Void) {
    var hasEvents = false
    func emit(_ event: UploadEvent) {
      hasEvents = true
      receive(event)
    }
    trees.begin(snapshot).forEach(emit)
    // Ended uploads first, so that an upload that starts in the place of one that ended is reported after it.
    // By index: a loop over the elements would copy each one, also those that it skips.
    let uploads = snapshot.uploads
    for index in uploads.indices where uploads[index].outcome != nil {
      report(uploads[index], at: snapshot.at, emit)
    }
    var running = 0
    for index in uploads.indices where uploads[index].outcome == nil && !uploads[index].isQueued {
      if !trees.covers(uploads[index]) { running += 1 }
      report(uploads[index], at: snapshot.at, emit)
    }
    trees.end(snapshot).forEach(emit)
    // The ledger drops ended uploads that are not read in time. No snapshot reports their end, so their history
    // remains.
    if histories.count > running {
      let present = Set(snapshot.uploads.lazy.map(\.id))
      histories = histories.filter { present.contains($0.key) }
    }
    let isDue = interval != nil && processReportedAt.map { snapshot.at - $0 >= Self.processInterval } ?? true
    for download in snapshot.endedDownloads { emit(.download(download)) }
    let isMoving =
      snapshot.downloads.active > 0 || snapshot.uploads.contains { $0.state != .stalled && !$0.isResting }
    if isDue, hasEvents || isMoving {
      processReportedAt = snapshot.at
      emit(.process(snapshot.memory, snapshot.slabs))
    }
    for request in snapshot.rejected { emit(.rejected(request)) }
  }

  /// Passes on the events of one upload. Most snapshots of most uploads have none, so nothing is allocated for these.
  private mutating func report(
    _ upload: UploadSnapshot,
    at now: ContinuousClock.Instant,
    _ emit: (UploadEvent) -> Void
  ) {
    let known = histories[upload.id]
    guard trees.reports(upload) else {
      if known != nil { histories[upload.id] = nil }
      return
    }
    if let known, interval == nil, known.isCalm(upload) { return }
    var history = known ?? History(reportedAt: now)
    let isNew = known == nil && !trees.covers(upload)
    if isNew, !upload.hasFailedBeforeItBegan, !upload.isQueued { emit(.started(upload)) }
    if let notice = upload.notice, notice != history.notice {
      history.notice = notice
      emit(.noticed(upload))
    }
    switch upload.outcome {
    // An upload that finished has resumed before; one that failed or was cancelled may have been stalled to the end.
    case .finished(let file):
      if let event = history.resume(upload, at: now) { emit(event) }
      emit(.finished(upload, file))
    case .failed(let error): emit(.failed(upload, error))
    case .cancelled: emit(.cancelled(upload))
    case nil:
      if let event = history.noteBreak(upload, at: now) { emit(event) }
      if upload.retryReason != nil, upload.attempt > history.attempt {
        (history.attempt, history.reportedAt) = (upload.attempt, now)
        emit(.retrying(upload))
      }
      if let interval, now - history.reportedAt >= interval, let event = history.noteProgress(upload, at: now) {
        emit(event)
      }
    }
    if upload.outcome == nil { histories[upload.id] = history } else if known != nil { histories[upload.id] = nil }
  }
}
