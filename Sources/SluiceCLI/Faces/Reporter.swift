import UploadCore

/// Samples the uploads ten times a second and shows them. The only one that drains the ledger.
actor Reporter {
  private static let period = Duration.milliseconds(100)

  private var sampler: Sampler
  private var face: any Face
  private var isOver = false

  init(sampler: Sampler, face: any Face) {
    self.sampler = sampler
    self.face = face
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
    face.show(sampler.sample())
  }
}
