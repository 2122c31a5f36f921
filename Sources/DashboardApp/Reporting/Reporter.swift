package import UploadCore

/// Samples the uploads ten times a second and shows them; waits while there are none. The only one that drains the ledger.
package actor Reporter {
  private static let period = Duration.milliseconds(100)

  private var sampler: Sampler
  private var face: any Face
  private let onIdle: @Sendable () -> Void
  private let activity = WakeUps()
  private var isOver = false
  private var idle = IdleWatch()

  /// - Parameter onIdle: called once each time that uploads have run and none has for a second.
  package init(
    sampler: Sampler,
    ledger: UploadLedger,
    face: any Face,
    onIdle: @escaping @Sendable () -> Void = {}
  ) {
    self.sampler = sampler
    self.face = face
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
    face.end()
  }

  /// - Returns: whether nothing changes any more before the ledger notes activity.
  @discardableResult
  private func report() -> Bool {
    guard !isOver else { return true }
    let snapshot = sampler.sample()
    face.show(snapshot)
    if idle.becomesIdle(with: snapshot) { onIdle() }
    return snapshot.uploads.isEmpty && !idle.isPending
  }
}
