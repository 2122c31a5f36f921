/// One download, at one instant or at its end.
package struct DownloadSnapshot: Sendable, Equatable {
  package var id: UploadID
  /// The file's path beneath the upload directory, safe to show.
  package var name: String
  /// The client's address and port.
  package var remote: String
  /// The size of the response's body in bytes.
  package var size: UInt64
  /// Bytes of the body that have been sent.
  package var bytes: UInt64
  /// Seconds since it began, or until it ended.
  package var seconds: Double
  package var outcome: DownloadOutcome

  package init(
    id: UploadID,
    name: String,
    remote: String,
    size: UInt64,
    bytes: UInt64,
    seconds: Double,
    outcome: DownloadOutcome
  ) {
    (self.id, self.name, self.remote) = (id, name, remote)
    (self.size, self.bytes, self.seconds, self.outcome) = (size, bytes, seconds, outcome)
  }
}

/// How a download ended.
package enum DownloadOutcome: Sendable, Equatable {
  case running
  case finished
  /// The connection was closed before the last byte.
  case aborted
}

/// All downloads together.
package struct DownloadTotals: Sendable, Equatable {
  /// How many run now.
  package var active = 0
  /// Bytes per second of all together.
  package var speed = 0.0
  /// How many have finished since the server started.
  package var finished: UInt64 = 0
  /// Bytes sent since the server started.
  package var bytes: UInt64 = 0

  package init(active: Int = 0, speed: Double = 0, finished: UInt64 = 0, bytes: UInt64 = 0) {
    (self.active, self.speed, self.finished, self.bytes) = (active, speed, finished, bytes)
  }
}
