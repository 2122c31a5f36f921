import Synchronization

/// All downloads of the process: counts, and those worth an event that ended since the last ``drain()``. Callable from
/// any thread.
///
/// A server may send 100,000 small files a second. So a download of less than ``reportedSize`` that finishes is only
/// counted, by atomic counters without a lock; larger ones, those of unknown size, and those that were aborted, are reported one by one, at
/// most ``endedLimit`` for each ``drain()``.
package final class DownloadLedger: Sendable {
  /// From this size on, in bytes, a download is reported when it finishes, and its bytes are counted while it runs.
  package static let reportedSize: UInt64 = 1 << 20
  /// The most ended downloads that are kept for one ``drain()``. Further ones are only counted.
  package static let endedLimit = 64

  private struct State {
    /// The running downloads of at least ``reportedSize``.
    var running: [ObjectIdentifier: DownloadMeter] = [:]
    var ended: [DownloadSnapshot] = []
    /// Bytes of ended downloads of at least ``reportedSize``.
    var endedBytes: UInt64 = 0
  }

  private let active = Atomic<Int>(0)
  private let finished = Atomic<UInt64>(0)
  private let aborted = Atomic<UInt64>(0)
  /// Bytes of ended downloads of less than ``reportedSize``.
  private let smallBytes = Atomic<UInt64>(0)
  /// Whether an observer has been told of a download since it last called ``drain()``.
  private let isAnnounced = Atomic<Bool>(false)
  private let announcements = Atomic<UInt64>(0)
  private let state = Mutex(State())

  init() {}

  /// How often ``begin(_:)`` has returned true.
  var activityCount: UInt64 { announcements.load(ordering: .relaxed) }

  /// Counts a download that begins.
  /// - Returns: whether to tell observers: once after each ``drain()``, so that a flood of downloads wakes them as often
  ///   as they sample.
  func begin(_ meter: DownloadMeter) -> Bool {
    active.add(1, ordering: .relaxed)
    if meter.isReported { state.withLock { $0.running[ObjectIdentifier(meter)] = meter } }
    guard !isAnnounced.load(ordering: .relaxed), !isAnnounced.exchange(true, ordering: .relaxed) else { return false }
    announcements.add(1, ordering: .relaxed)
    return true
  }

  /// Counts the end of a download for which ``begin(_:)`` was called. Call it once for each.
  /// - Parameter outcome: not `running`.
  func end(_ meter: DownloadMeter, _ outcome: DownloadOutcome, at now: ContinuousClock.Instant) {
    active.subtract(1, ordering: .relaxed)
    if outcome == .aborted {
      aborted.add(1, ordering: .relaxed)
    } else {
      finished.add(1, ordering: .relaxed)
    }
    let isLarge = meter.isReported
    if !isLarge { smallBytes.add(meter.sent, ordering: .relaxed) }
    guard isLarge || outcome == .aborted else { return }
    state.withLock { state in
      if isLarge {
        state.running[ObjectIdentifier(meter)] = nil
        state.endedBytes &+= meter.sent
      }
      if state.ended.count < Self.endedLimit { state.ended.append(meter.snapshot(outcome, at: now)) }
    }
  }

  /// The counts now, without the speed, which needs samples over time.
  package var totals: DownloadTotals {
    let large = state.withLock { state in state.running.values.reduce(state.endedBytes) { $0 &+ $1.sent } }
    return DownloadTotals(
      active: max(0, active.load(ordering: .relaxed)),
      finished: finished.load(ordering: .relaxed),
      aborted: aborted.load(ordering: .relaxed),
      bytes: large &+ smallBytes.load(ordering: .relaxed)
    )
  }

  /// Removes and returns the ended downloads to report, in the order of their ends. For one reader, the ``Sampler``.
  func drain() -> [DownloadSnapshot] {
    isAnnounced.store(false, ordering: .relaxed)
    return state.withLock { state in
      defer { state.ended = [] }
      return state.ended
    }
  }
}

extension DownloadMeter {
  /// Whether it is reported when it finishes, and its bytes are counted while it runs.
  fileprivate var isReported: Bool { size.map { $0 >= DownloadLedger.reportedSize } ?? true }
}

extension UploadLedger {
  /// Counts a download whose body begins to be sent, and calls the action of ``onActivity(_:)`` if no download has done
  /// so since the last sample. ``end(_:_:at:)`` must follow.
  package func begin(_ download: DownloadMeter) {
    if downloads.begin(download) { noteActivity() }
  }

  /// Counts the end of a download. Call it once for each.
  /// - Parameter outcome: `finished` or `aborted`.
  package func end(_ download: DownloadMeter, _ outcome: DownloadOutcome, at now: ContinuousClock.Instant = .now) {
    downloads.end(download, outcome, at: now)
  }
}

/// Estimates the speed of all downloads together from samples of their totals: a pure state machine.
struct DownloadSpeed {
  /// After this time without a sample, as when nothing ran, the estimate begins anew.
  private static let longestGap = Duration.seconds(2)

  private var rate: RateEstimator?
  private var last: (bytes: UInt64, at: ContinuousClock.Instant)?

  /// The totals with their speed.
  mutating func sample(_ totals: DownloadTotals, at now: ContinuousClock.Instant) -> DownloadTotals {
    var rate = rate ?? RateEstimator(startedAt: now)
    if let last, now - last.at < Self.longestGap {
      rate.sample(totals.bytes, at: now)
    } else {
      rate = RateEstimator(startedAt: now)
      rate.skip(to: totals.bytes, at: now)
    }
    var totals = totals
    // The mean of the last seconds is above 0 long after the last byte.
    if totals.active > 0 || last.map({ $0.bytes != totals.bytes }) ?? false { totals.speed = rate.bytesPerSecond }
    (self.rate, last) = (rate, (totals.bytes, now))
    return totals
  }
}
