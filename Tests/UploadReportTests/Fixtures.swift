@testable import UploadCore

extension UploadSnapshot {
  /// An incoming upload half way through 1 GiB, as the sampler would show it, with the values that `change` sets.
  static func example(_ change: (inout UploadSnapshot) -> Void = { _ in }) -> UploadSnapshot {
    var upload = UploadSnapshot(
      facts: UploadFacts(
        .init(id: UploadID(), request: UploadID(), direction: .incoming, name: "a.bin", remote: "127.0.0.1:5555")
      ),
      mode: .stream,
      size: 1 << 30,
      state: .receiving,
      cause: nil,
      stalledSeconds: 0,
      bytes: 1 << 29,
      stored: 1 << 28,
      durable: 0,
      speed: 100_873_011.2,
      averageSpeed: 90_000_000.5,
      eta: 5.3229,
      seconds: 5.25,
      residentBytes: 3 << 20,
      peakResidentBytes: 3 << 20,
      outcome: nil
    )
    change(&upload)
    return upload
  }

  /// The same upload with the values that `change` sets.
  func changed(_ change: (inout UploadSnapshot) -> Void) -> UploadSnapshot {
    var upload = self
    change(&upload)
    return upload
  }

  /// The same upload after it has ended with `outcome`, in the state for that.
  func ended(_ outcome: UploadOutcome) -> UploadSnapshot {
    changed {
      $0.outcome = outcome
      $0.cause = nil
      switch outcome {
      case .finished: $0.state = .done
      case .failed: $0.state = .failed
      case .cancelled: $0.state = .cancelled
      }
    }
  }

  /// The same upload, interrupted for `seconds`; it expires after 84,000 s.
  func interrupted(_ seconds: Double) -> UploadSnapshot {
    changed {
      $0.state = .interrupted
      $0.interruptedSeconds = seconds
      $0.expiresIn = 84_000
    }
  }

  /// The same upload, stalled for `cause` since `seconds`.
  func stalled(_ cause: StallCause, _ seconds: Double) -> UploadSnapshot {
    changed {
      $0.state = .stalled
      $0.cause = cause
      $0.stalledSeconds = seconds
    }
  }
}

extension DownloadSnapshot {
  /// A download of 1 GiB that ended after 2.5 s: as a whole, or after 1 MiB.
  static func example(_ outcome: DownloadOutcome) -> DownloadSnapshot {
    DownloadSnapshot(
      id: UploadID(),
      name: "a.bin",
      remote: "192.0.2.7:5555",
      size: 1 << 30,
      bytes: outcome == .finished ? 1 << 30 : 1 << 20,
      seconds: 2.5,
      outcome: outcome
    )
  }
}
