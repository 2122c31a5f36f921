import UploadCore

/// Samples the uploads ten times a second and shows them. The only one that drains the ledger.
actor Reporter {
  private static let period = Duration.milliseconds(100)

  private var sampler: Sampler
  private var face: any Face
  private let onIdle: @Sendable () -> Void
  private var isOver = false
  private var idle = IdleWatch()

  /// - Parameter onIdle: called once each time that uploads have run and none has for a second.
  init(sampler: Sampler, face: any Face, onIdle: @escaping @Sendable () -> Void = {}) {
    self.sampler = sampler
    self.face = face
    self.onIdle = onIdle
  }

  /// Reports until the task is cancelled.
  func run() async {
    while !Task.isCancelled, !isOver {
      report()
      try? await Task.sleep(for: Self.period)
    }
  }

  /// Reports what is left; nothing is shown after that.
  func finish() {
    report()
    isOver = true
    face.end()
  }

  private func report() {
    guard !isOver else { return }
    let snapshot = sampler.sample()
    face.show(snapshot)
    if idle.becomesIdle(with: snapshot) { onIdle() }
  }
}
