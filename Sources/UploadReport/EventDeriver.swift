package import UploadCore

/// Derives events from one snapshot to the next: for JSON lines, plain lines and the dashboard's log.
///
/// An upload begins when it leaves the queue; until then there is nothing to report but that it was cancelled.
/// Pure: the clock is the snapshots' own. The history of an upload is dropped when the upload ends.
package struct EventDeriver: Sendable {
  /// What has to be known of an upload to find out what is new.
  private struct History {
    /// When its progress was last reported.
    var reportedAt: ContinuousClock.Instant
    var reported: Reading?
    var stall: (cause: StallCause, since: ContinuousClock.Instant)?
    /// The number of the last attempt that was announced; none before the second.
    var attempt = 1
  }

  /// What makes a progress line of a stalled upload different from the one before.
  private struct Reading: Equatable {
    var state: UploadState
    var bytes: UInt64
    var stored: UInt64?
    var durable: UInt64?
    var residentBytes: Int

    init(_ upload: UploadSnapshot) {
      (state, bytes, stored, durable) = (upload.state, upload.bytes, upload.stored, upload.durable)
      residentBytes = upload.residentBytes
    }
  }

  /// How often the process's memory is reported, while anything moves.
  private static let processInterval = Duration.seconds(1)

  private let interval: Duration?
  private var histories: [UploadID: History] = [:]
  private var processReportedAt: ContinuousClock.Instant?

  /// - Parameter interval: the least time between two progress events of one upload; nil for neither progress nor the
  ///   process's memory.
  package init(interval: Duration? = .milliseconds(500)) {
    self.interval = interval
  }

  /// How many uploads it remembers.
  var remembered: Int { histories.count }

  /// What has happened since the snapshot before, in the order in which it is reported.
  package mutating func events(for snapshot: Snapshot) -> [UploadEvent] {
    var events: [UploadEvent] = []
    // Ends first: an upload that begins in the place of one that ended is then reported after it.
    for upload in snapshot.uploads where upload.outcome != nil { append(upload, at: snapshot.at, to: &events) }
    var running = 0
    for upload in snapshot.uploads where upload.outcome == nil && !upload.isInLine {
      running += 1
      append(upload, at: snapshot.at, to: &events)
    }
    // The ledger drops ended uploads that are not drained in time: they have no last snapshot to drop their history.
    if histories.count > running {
      let present = Set(snapshot.uploads.lazy.map(\.id))
      histories = histories.filter { present.contains($0.key) }
    }
    if interval != nil { appendProcess(snapshot, to: &events) }
    events += snapshot.rejected.map { .rejected($0) }
    return events
  }

  private mutating func appendProcess(_ snapshot: Snapshot, to events: inout [UploadEvent]) {
    let moves = !events.isEmpty || snapshot.uploads.contains { $0.state != .stalled }
    guard moves, isDue(Self.processInterval, after: processReportedAt, at: snapshot.at) else { return }
    processReportedAt = snapshot.at
    events.append(.process(snapshot.memory, snapshot.slabs))
  }

  private mutating func append(
    _ upload: UploadSnapshot,
    at now: ContinuousClock.Instant,
    to events: inout [UploadEvent]
  ) {
    var history: History
    if let known = histories[upload.id] {
      history = known
    } else {
      if !upload.hasFailedBeforeItBegan, !upload.isInLine { events.append(.started(upload)) }
      history = History(reportedAt: now)
    }
    if let outcome = upload.outcome {
      histories[upload.id] = nil
      appendEnd(outcome, of: upload, stall: history.stall?.since, at: now, to: &events)
      return
    }
    appendStall(of: upload, &history, at: now, to: &events)
    if upload.retryReason != nil, upload.attempt > history.attempt {
      history.attempt = upload.attempt
      history.reportedAt = now
      events.append(.retrying(upload))
    }
    if let interval, isDue(interval, after: history.reportedAt, at: now) {
      appendProgress(of: upload, &history, at: now, to: &events)
    }
    histories[upload.id] = history
  }

  private func appendProgress(
    of upload: UploadSnapshot,
    _ history: inout History,
    at now: ContinuousClock.Instant,
    to events: inout [UploadEvent]
  ) {
    let reading = Reading(upload)
    // A stalled upload is reported again only when something about it is new, such as memory it gave back.
    guard upload.state != .stalled || history.reported != reading else { return }
    history.reportedAt = now
    history.reported = reading
    events.append(.progress(upload))
  }

  private func appendStall(
    of upload: UploadSnapshot,
    _ history: inout History,
    at now: ContinuousClock.Instant,
    to events: inout [UploadEvent]
  ) {
    guard let cause = upload.cause else {
      if let stall = history.stall { events.append(.resumed(upload, seconds: (now - stall.since).inSeconds)) }
      history.stall = nil
      return
    }
    guard history.stall?.cause != cause else { return }
    history.stall = (cause, history.stall?.since ?? now - .seconds(min(max(0, upload.stalledSeconds), 1e9)))
    events.append(.stalled(upload))
  }

  private func appendEnd(
    _ outcome: UploadOutcome,
    of upload: UploadSnapshot,
    stall: ContinuousClock.Instant?,
    at now: ContinuousClock.Instant,
    to events: inout [UploadEvent]
  ) {
    switch outcome {
    case .finished(let file):
      // It can only have finished by moving again; one that failed or was cancelled ended stalled.
      if let stall { events.append(.resumed(upload, seconds: (now - stall).inSeconds)) }
      events.append(.finished(upload, file))
    case .failed(let error): events.append(.failed(upload, error))
    case .cancelled: events.append(.cancelled(upload))
    }
  }

  private func isDue(
    _ interval: Duration,
    after last: ContinuousClock.Instant?,
    at now: ContinuousClock.Instant
  ) -> Bool {
    last.map { now - $0 >= interval } ?? true
  }
}
