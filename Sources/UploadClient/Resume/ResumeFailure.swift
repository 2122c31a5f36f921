import UploadCore

/// Why the upload failed for good without a response that says so.
enum ResumeFailure: Sendable, Equatable {
  /// The server has lost the upload too often.
  case goneAgain
  /// The server has deleted the upload after its last byte was sent: the file may be stored.
  case goneAfterLastByte
  /// The server no longer has an upload whose first bytes cannot be sent again, since they came from a pipe.
  case goneForPipe
  /// The server has only this many bytes, and those that follow cannot be sent again, since they came from a pipe.
  case notKept(UInt64)
  /// The server considers the upload complete with this many bytes, which are fewer than the file has.
  case completeTooSoon(UInt64?)
  /// The server created an upload, but its response has no usable `Location`.
  case noLocation

  /// The error to report, with a message for people.
  /// - Parameter size: bytes of the source, as far as it was read.
  func error(size: UInt64) -> UploadError {
    switch self {
    case .goneAgain:
      UploadError(
        .uploadGone,
        "The server has lost the unfinished upload several times. Check its log, then send the file again."
      )
    case .goneAfterLastByte:
      UploadError(
        .uploadGone,
        "The server no longer has the upload, whose last byte was sent. The file may be stored. "
          + "Check that before you send it again."
      )
    case .goneForPipe:
      UploadError(
        .uploadGone,
        "The server no longer has the unfinished upload, and the beginning of a pipe cannot be sent again. "
          + "Run the command again."
      )
    case .notKept(let bytes):
      UploadError(
        .offsetMismatch,
        "The server has \(bytes) of \(size) bytes, but only the last 8 MiB of a pipe can be sent again. "
          + "Run the command again, or send a file."
      )
    case .completeTooSoon(let bytes):
      UploadError(
        .contentMismatch,
        "The server reports that the upload is complete\(bytes.map { " with \($0) bytes" } ?? ""), but the file has \(size). "
          + "It may have stored an incomplete file. Check that, then send the file again."
      )
    case .noLocation:
      UploadError(.badAnswer, "The server created a resumable upload without a usable Location. Use --no-resume.")
    }
  }
}
