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

    /// Notes whether it stands still, and why.
    mutating func noteStall(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      guard let cause = upload.cause else { return resume(upload, at: now) }
      guard stall?.cause != cause else { return nil }
      stall = (cause, stall?.since ?? now - .seconds(min(max(0, upload.stalledSeconds), 1e9)))
      return .stalled(upload)
    }

    /// Notes that it moves.
    mutating func resume(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      defer { stall = nil }
      return stall.map { .resumed(upload, seconds: (now - $0.since).inSeconds) }
    }

    /// Notes how far it is. A stalled upload is reported again only when something about it is new, such as memory it
    /// gave back.
    mutating func noteProgress(_ upload: UploadSnapshot, at now: ContinuousClock.Instant) -> UploadEvent? {
      let reading = Reading(upload)
      guard upload.state != .stalled || reported != reading else { return nil }
      reportedAt = now
      reported = reading
      return .progress(upload)
    }
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
    for upload in snapshot.uploads where upload.outcome != nil { events += self.events(of: upload, at: snapshot.at) }
    var running = 0
    for upload in snapshot.uploads where upload.outcome == nil && !upload.isQueued {
      running += 1
      events += self.events(of: upload, at: snapshot.at)
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

  private mutating func events(of upload: UploadSnapshot, at now: ContinuousClock.Instant) -> [UploadEvent] {
    var events: [UploadEvent] = []
    let known = histories[upload.id]
    var history = known ?? History(reportedAt: now)
    if known == nil, !upload.hasFailedBeforeItBegan, !upload.isQueued { events.append(.started(upload)) }
    if let outcome = upload.outcome {
      histories[upload.id] = nil
      // It can only have finished by moving again; one that failed or was cancelled ended stalled.
      if case .finished = outcome, let event = history.resume(upload, at: now) { events.append(event) }
      events.append(Self.end(outcome, of: upload))
      return events
    }
    if let event = history.noteStall(upload, at: now) { events.append(event) }
    if upload.retryReason != nil, upload.attempt > history.attempt {
      history.attempt = upload.attempt
      history.reportedAt = now
      events.append(.retrying(upload))
    }
    if let interval, isDue(interval, after: history.reportedAt, at: now),
      let event = history.noteProgress(upload, at: now)
    {
      events.append(event)
    }
    histories[upload.id] = history
    return events
  }

  private static func end(_ outcome: UploadOutcome, of upload: UploadSnapshot) -> UploadEvent {
    switch outcome {
    case .finished(let file): .finished(upload, file)
    case .failed(let error): .failed(upload, error)
    case .cancelled: .cancelled(upload)
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
