@testable import UploadCore

extension UploadSnapshot {
  /// An upload half way through 2 GiB; tests change the fields that they are about.
  static func example(_ name: String = "a.bin", _ change: (inout UploadSnapshot) -> Void = { _ in }) -> UploadSnapshot {
    var upload = UploadSnapshot(
      facts: UploadFacts(
        .init(id: UploadID(), request: UploadID(), direction: .incoming, name: name, remote: "192.168.1.9:51234")
      ),
      mode: .stream,
      size: 2 << 30,
      state: .receiving,
      cause: nil,
      stalledSeconds: 0,
      bytes: 1 << 30,
      stored: 990 << 20,
      durable: 0,
      speed: 100_873_011,
      averageSpeed: 94_000_000,
      eta: 10.6,
      seconds: 11.4,
      residentBytes: 3 << 20,
      peakResidentBytes: 4 << 20,
      outcome: nil
    )
    change(&upload)
    return upload
  }

  /// An outgoing upload half way through 2 GiB.
  static func sending(_ name: String = "b.bin", _ change: (inout UploadSnapshot) -> Void = { _ in }) -> UploadSnapshot {
    example(name) { upload in
      upload.direction = .outgoing
      upload.state = .sending
      upload.remote = "127.0.0.1:8080"
      upload.stored = nil
      upload.durable = nil
      upload.residentBytes = 0
      upload.peakResidentBytes = 1 << 20
      change(&upload)
    }
  }

  /// A queued outgoing upload.
  static func queued(_ name: String) -> UploadSnapshot {
    queued(id: UploadID(), mode: .stream, name: name, size: 1 << 20, remote: "127.0.0.1:8080")
  }

  func changed(_ change: (inout UploadSnapshot) -> Void) -> UploadSnapshot {
    var upload = self
    change(&upload)
    return upload
  }

  /// The same upload, stalled for a number of seconds.
  func stalled(_ cause: StallCause, _ seconds: Double) -> UploadSnapshot {
    changed {
      $0.state = .stalled
      $0.cause = cause
      $0.stalledSeconds = seconds
      $0.speed = 0
      $0.eta = nil
    }
  }

  /// The same upload of 2 GiB, interrupted after 512 MiB were stored, for a number of seconds; it expires
  /// after 84,000 s.
  func interrupted(_ seconds: Double) -> UploadSnapshot {
    changed {
      $0.mode = .resumable
      $0.state = .interrupted
      ($0.stored, $0.durable) = (1 << 29, 1 << 29)
      ($0.speed, $0.eta, $0.residentBytes) = (0, nil, 0)
      $0.interruptedSeconds = seconds
      $0.expiresIn = 84_000
    }
  }

  /// The same upload, resumable and paused by the user.
  func paused() -> UploadSnapshot {
    changed {
      $0.mode = .resumable
      $0.state = .paused
      $0.canPause = true
      ($0.speed, $0.eta) = (0, nil)
    }
  }

  /// The same upload after its end.
  func ended(_ outcome: UploadOutcome) -> UploadSnapshot {
    changed {
      $0.outcome = outcome
      $0.cause = nil
      $0.eta = nil
      $0.speed = 0
      $0.residentBytes = 0
      switch outcome {
      case .finished:
        $0.state = .done
        $0.bytes = $0.size ?? $0.bytes
        $0.stored = $0.bytes
        $0.durable = $0.bytes
      case .failed: $0.state = .failed
      case .cancelled: $0.state = .cancelled
      }
    }
  }

  /// The same upload, finished under its own name.
  func finished(type: String? = nil) -> UploadSnapshot {
    ended(.finished(FinishedUpload(path: name, bytes: size ?? bytes, type: type, detectedType: type)))
  }
}
