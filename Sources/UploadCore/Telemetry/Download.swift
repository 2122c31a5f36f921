/// Whether a download runs, or how it ended.
package enum DownloadOutcome: String, Sendable, CaseIterable {
  case running
  /// The client's system has accepted the whole response, or the rest of it is in this system's buffers.
  case finished
  /// The connection ended before that, or the file could not be read to its end.
  case aborted
}

/// One download at one instant: the body of a response with a stored file, with a part of one, or with the archive of a
/// directory.
package struct DownloadSnapshot: Sendable, Equatable {
  package var id: UploadID
  /// The path of the file beneath the upload directory, as text; of an archive that of the directory, with a slash at its
  /// end.
  package var name: String
  /// The client's address and port.
  package var remote: String
  /// Size of the response's body, in bytes; nil for an archive, which is made while it is sent.
  package var size: UInt64?
  /// Bytes of the body that the socket has accepted.
  package var bytes: UInt64
  /// From the beginning of the body to its end, or to the snapshot while it is sent.
  package var seconds: Double
  package var outcome: DownloadOutcome

  package init(
    id: UploadID,
    name: String,
    remote: String,
    size: UInt64?,
    bytes: UInt64,
    seconds: Double,
    outcome: DownloadOutcome
  ) {
    (self.id, self.name, self.remote, self.size) = (id, name, remote, size)
    (self.bytes, self.seconds, self.outcome) = (bytes, seconds, outcome)
  }
}

/// Counts of all downloads at one instant.
package struct DownloadTotals: Sendable, Equatable {
  /// How many are being sent.
  package var active = 0
  /// Bytes per second of all together, smoothed over about three seconds; 0 while nothing is sent.
  package var speed = 0.0
  /// How many finished since the process began.
  package var finished: UInt64 = 0
  /// How many were aborted since the process began.
  package var aborted: UInt64 = 0
  /// Bytes that sockets have accepted since the process began, without headers.
  package var bytes: UInt64 = 0

  package init(active: Int = 0, speed: Double = 0, finished: UInt64 = 0, aborted: UInt64 = 0, bytes: UInt64 = 0) {
    (self.active, self.speed, self.finished) = (active, speed, finished)
    (self.aborted, self.bytes) = (aborted, bytes)
  }
}
