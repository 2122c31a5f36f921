/// One upload at one instant.
package struct UploadSnapshot: Sendable {
  package var id: UploadID
  package var request: UploadID
  package var direction: UploadDirection
  package var mode: UploadMode
  package var name: String
  /// Bytes in all, or the most it can be where ``sizeExact`` is false; nil when unknown.
  package var size: UInt64?
  package var sizeExact: Bool
  package var remote: String
  package var declaredType: String?
  /// Media type as the first bytes show it, once they have come.
  package var detectedType: String?

  package var state: UploadState
  /// Set exactly when ``state`` is `stalled`.
  package var cause: StallCause?
  /// Why the attempt before failed, while an outgoing upload waits to be tried again.
  package var retryReason: String?
  /// The number of the attempt that runs, or that comes next; 1 for the first, and always for an incoming upload.
  package var attempt = 1
  /// Seconds until the next attempt begins, while an outgoing upload waits to be tried again.
  package var retryIn: Double?
  /// Seconds since the last byte, from the moment it counts as stalled; else 0.
  package var stalledSeconds: Double

  /// Received, or sent; bytes.
  package var bytes: UInt64
  /// Handed to the file; nil for an outgoing upload that the server has not answered.
  package var stored: UInt64?
  /// Covered by fsync; nil for an outgoing upload that the server has not answered.
  package var durable: UInt64?
  /// Bytes per second, smoothed over about three seconds; 0 while the upload is stalled or waits.
  package var speed: Double
  /// Bytes per second since the start.
  package var averageSpeed: Double
  /// Seconds until the last byte at the present speed; nil where that cannot be said.
  package var eta: Double?
  /// Since the start, until the end or now; seconds.
  package var seconds: Double
  package var residentBytes: Int
  package var peakResidentBytes: Int
  /// How it ended; nil while it runs.
  package var outcome: UploadOutcome?
  /// Whether it waits for other outgoing ones to end before it begins, or was called off while it did.
  package var isInLine = false

  /// Whether it never began because its file could not be opened.
  package var hasFailedBeforeItBegan: Bool {
    guard case .failed(let error) = outcome else { return false }
    return error.code == .unreadableFile && bytes == 0
  }

  /// Share of the bytes that have moved, 0 to 1; nil when the size is unknown.
  package var fraction: Double? {
    guard let size else { return nil }
    return size == 0 ? 1 : min(1, Double(bytes) / Double(size))
  }
}
