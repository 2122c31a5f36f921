package import UploadCore

/// Samples the uploads ten times a second and shows them; waits while there are none. The only one that drains the ledger.
package actor Reporter {
  private static let period = Duration.milliseconds(100)

  private var sampler: Sampler
  private var renderer: any ProgressRenderer
  private let onIdle: @Sendable () -> Void
  private let activity = WakeUps()
  private var isOver = false
  private var idle = IdleWatch()

  /// - Parameter onIdle: called once each time that uploads have run and none has for a second.
  package init(
    sampler: Sampler,
    ledger: UploadLedger,
    renderer: any ProgressRenderer,
    onIdle: @escaping @Sendable () -> Void = {}
  ) {
    self.sampler = sampler
    self.renderer = renderer
    self.onIdle = onIdle
    ledger.onActivity { [activity] in activity.post() }
  }

  /// Reports until the task is cancelled.
  package func run() async {
    var wakeUps = activity.stream.makeAsyncIterator()
    while !Task.isCancelled, !isOver {
      if report() {
        _ = await wakeUps.next(isolation: self)
      } else {
        try? await Task.sleep(for: Self.period)
      }
    }
  }

  /// Reports what is left; nothing is shown after that.
  package func finish() {
    report()
    isOver = true
    renderer.end()
  }

  /// - Returns: whether nothing changes any more before the ledger notes activity.
  @discardableResult
  private func report() -> Bool {
    guard !isOver else { return true }
    let snapshot = sampler.sample()
    renderer.show(snapshot)
    if idle.becomesIdle(with: snapshot) { onIdle() }
    return snapshot.uploads.isEmpty && !idle.isPending
  }
}

/// Notices when uploads have run, or requests were rejected, and nothing happens any more.
struct IdleWatch {
  /// Without an upload for so long, the process counts as idle.
  private static let idleAfter = Duration.seconds(1)

  /// When the last upload was seen; nil once its end has been reported.
  private var lastActive: ContinuousClock.Instant?

  /// Whether something has happened, and the end of that has still to be reported.
  var isPending: Bool { lastActive != nil }

  /// - Returns: true once each time that something has happened and nothing has for a second.
  mutating func becomesIdle(with snapshot: Snapshot) -> Bool {
    if !snapshot.uploads.isEmpty || !snapshot.rejected.isEmpty || snapshot.hasUnreportedRejections {
      lastActive = snapshot.at
    } else if let last = lastActive, snapshot.at - last >= Self.idleAfter {
      lastActive = nil
      return true
    }
    return false
  }
}
