import Synchronization

/// All uploads of the process: those that run, and those that have ended since the last ``drain()``. And the requests that
/// were rejected before an upload began.
///
/// Locked once at the start and once at the end of an upload, and once a sample; never on the byte path.
package final class UploadLedger: Sendable {
  /// Counts since the start, for metrics.
  package struct Totals: Sendable, Equatable {
    package var started: UInt64 = 0
    package var finished: UInt64 = 0
    package var failed: UInt64 = 0
    package var cancelled: UInt64 = 0
    /// Bytes moved by uploads that have ended, whichever way, in all their attempts.
    package var transferredBytes: UInt64 = 0
    /// Bytes of uploads that have finished well.
    package var finishedBytes: UInt64 = 0

    /// How many run now.
    package var active: Int { Int(clamping: started &- finished &- failed &- cancelled) }

    /// Nothing yet.
    package init() {}
  }

  private struct State {
    var active: [UploadID: UploadMeter] = [:]
    var ended: [UploadMeter] = []
    var totals: [UploadDirection: Totals] = [:]

    /// Adds an upload to those that have ended.
    mutating func append(_ meter: UploadMeter, _ outcome: UploadOutcome) {
      if ended.count >= UploadLedger.endedLimit { ended.removeFirst(UploadLedger.endedLimit / 2) }
      ended.append(meter)
      totals[meter.direction, default: Totals()].note(outcome, transferred: meter.transferred)
    }
  }

  /// Who is notified of activity.
  ///
  /// A structure around the closure, since a `Mutex` whose value is a closure wraps it once more on each access: after
  /// 150,000 uploads a call was 150,000 frames deep, and with more it would have overflowed the stack.
  private struct Observer {
    var action: (@Sendable () -> Void)?
  }

  /// How many ended uploads are kept without a reader; the oldest are dropped first.
  private static let endedLimit = 65_536

  private let state = Mutex(State())
  /// Under a lock of their own: a flood of rejected requests must not hold up uploads.
  private let rejections = Mutex(RejectionTally())
  private let observer = Mutex(Observer())

  package init() {}

  /// Has `action` called at the begin of each upload, and whenever else there is something new to ``drain()``: an
  /// observer need not sample while nothing runs. There is one action; a later one replaces it. It must not block.
  package func onActivity(_ action: @escaping @Sendable () -> Void) {
    observer.withLock { $0.action = action }
  }

  /// Calls the action of ``onActivity(_:)``.
  package func noteActivity() {
    observer.withLock { $0.action }?()
  }

  /// Puts an upload on the list.
  package func begin(_ meter: UploadMeter) {
    state.withLock {
      $0.active[meter.id] = meter
      $0.totals[meter.direction, default: Totals()].started += 1
    }
    noteActivity()
  }

  /// Notes an upload that failed before it could begin. It is never among those that run: an observer sees its
  /// beginning and its end at once.
  package func fail(_ meter: UploadMeter, _ outcome: UploadOutcome, at instant: ContinuousClock.Instant = .now) {
    guard meter.end(outcome, at: instant) else { return }
    state.withLock {
      $0.totals[meter.direction, default: Totals()].started += 1
      $0.append(meter, outcome)
    }
  }

  /// Takes an upload off the list of running ones, with how it ended. A second end is ignored.
  package func end(_ meter: UploadMeter, _ outcome: UploadOutcome, at instant: ContinuousClock.Instant = .now) {
    guard meter.end(outcome, at: instant) else { return }
    state.withLock {
      $0.active[meter.id] = nil
      $0.append(meter, outcome)
    }
  }

  /// A request was rejected before an upload began. Identical ones are counted, at the cost of a lock.
  package func reject(_ request: RejectedRequest, at now: ContinuousClock.Instant = .now) {
    if rejections.withLock({ $0.note(request, at: now) }) { noteActivity() }
  }

  /// Rejected requests that are to be reported now, in order; each is handed out once. For one reader, as ``drain()``.
  package func drainRejected(at now: ContinuousClock.Instant = .now) -> [RejectedRequest] {
    rejections.withLock { $0.take(at: now) }
  }

  /// Whether rejected requests were counted that are to be reported later.
  package var hasUnreportedRejections: Bool { rejections.withLock { $0.hasUnreported } }

  /// Requests that were rejected since the start, each of them counted.
  package var rejectedCount: UInt64 { rejections.withLock { $0.count } }

  /// Changes whenever an upload begins or a rejected request is to be reported, so that an observer sees whether there is
  /// anything new.
  package var activityCount: UInt64 { startedCount &+ rejections.withLock { $0.announced } }

  /// Asks an upload to end.
  /// - Returns: false when none with this name runs.
  @discardableResult
  package func cancel(_ id: UploadID) -> Bool {
    state.withLock { $0.active[id] }?.cancel() ?? false
  }

  /// Asks all uploads that run to end.
  package func cancelAll() {
    for meter in state.withLock({ Array($0.active.values) }) { meter.cancel() }
  }

  /// How many uploads run in one direction.
  package func activeCount(_ direction: UploadDirection) -> Int {
    totals(direction).active
  }

  /// How many uploads have begun since the start, in both directions.
  package var startedCount: UInt64 {
    state.withLock { $0.totals.values.reduce(0) { $0 &+ $1.started } }
  }

  /// Counts since the start for one direction.
  package func totals(_ direction: UploadDirection) -> Totals {
    state.withLock { $0.totals[direction] ?? Totals() }
  }

  /// The uploads that run now, oldest first.
  package func active() -> [UploadMeter] {
    state.withLock { Array($0.active.values) }.sorted { $0.startedAt < $1.startedAt }
  }

  /// The uploads that run now, in no order, and the counts of both directions, read at one instant: an upload is in the
  /// one or in the other, so that the sum of both only grows.
  package func reading() -> (active: [UploadMeter], totals: [UploadDirection: Totals]) {
    state.withLock { (Array($0.active.values), $0.totals) }
  }

  /// The uploads that run now, oldest first, and those that have ended since the last call, in the order of their ends.
  /// For one reader: the ended ones are handed out once.
  package func drain() -> (active: [UploadMeter], ended: [UploadMeter]) {
    let (active, ended) = state.withLock { state in
      defer { state.ended = [] }
      return (Array(state.active.values), state.ended)
    }
    return (active.sorted { $0.startedAt < $1.startedAt }, ended)
  }
}

extension UploadLedger.Totals {
  fileprivate mutating func note(_ outcome: UploadOutcome, transferred: UInt64) {
    // Wrapping, since a server's response may state any size: a wrong count does less harm than a trap.
    transferredBytes &+= transferred
    switch outcome {
    case .finished(let upload):
      finished += 1
      finishedBytes &+= upload.bytes
    case .failed: failed += 1
    case .cancelled: cancelled += 1
    }
  }
}
