import Synchronization

/// One download's counter: written by the connection without a lock, read by observers. Callable from any thread.
///
/// Made for each download, however small, so it costs an allocation and no system call: an identifier and the name as
/// text are made only when the download is reported.
package final class DownloadMeter: Sendable {
  /// The path of the file beneath the upload directory.
  package let name: NameBytes
  /// The client's address and port.
  package let remote: String
  /// Size of the response's body, in bytes; nil for one that is made while it is sent.
  package let size: UInt64?
  package let startedAt: ContinuousClock.Instant
  private let sentBytes = Atomic<UInt64>(0)

  /// - Parameter startedAt: when the body begins to be sent.
  package init(name: NameBytes, remote: String, size: UInt64?, startedAt: ContinuousClock.Instant = .now) {
    (self.name, self.remote, self.size, self.startedAt) = (name, remote, size, startedAt)
  }

  /// Bytes of the body that the socket has accepted.
  package var sent: UInt64 { sentBytes.load(ordering: .relaxed) }

  /// Sets ``sent``, which only grows: a smaller number is ignored.
  package func setSent(_ count: UInt64) {
    sentBytes.max(count, ordering: .relaxed)
  }

  /// The download at an instant.
  func snapshot(_ outcome: DownloadOutcome, at now: ContinuousClock.Instant) -> DownloadSnapshot {
    DownloadSnapshot(
      id: UploadID(),
      name: name.description,
      remote: remote,
      size: size,
      bytes: sent,
      seconds: max(0, (now - startedAt).inSeconds),
      outcome: outcome
    )
  }
}
