import UploadCore

extension UploadError {
  /// The file is larger than `limit`, which the message states. Code `tooLarge`.
  static func tooLarge(limit: SizeSetting) -> UploadError {
    UploadError(.tooLarge, "File too large: the limit is \(limit). Send a smaller file.")
  }

  /// The server's user cancelled the upload. Code `cancelled`.
  static let cancelledByServer = UploadError(.cancelled, "The upload was cancelled at the server.")

  /// The store has no record of an unfinished upload any more. Code `uploadGone`.
  static let lostUpload = UploadError(.uploadGone, "The upload does not exist any more. Send the file again.")

  /// The connection was closed before the end of the body. Code `clientGone`.
  /// - Parameter cause: the error with which it failed; nil when the client closed it.
  static func clientGone(_ cause: (any Error)? = nil) -> UploadError {
    let event = cause == nil ? "The client closed the connection" : "The connection failed"
    return UploadError(.clientGone, "\(event) before the upload was complete.", cause: cause)
  }

  /// The client has closed its sending side before the end of the body. Code `incomplete`.
  /// - Parameter cause: the decoder's error; nil when there is none.
  static func incompleteBody(_ cause: (any Error)? = nil) -> UploadError {
    UploadError(.incomplete, "The body ended before it was complete. Send the file again.", cause: cause)
  }

  /// The server is shutting down and accepts no more requests. Code `shuttingDown`.
  static let stopping = UploadError(.shuttingDown, "The server is shutting down. Send the file again later.")

  /// The headers of a request were not complete within ``UploadLimits/headerTime``. Code `timedOut`.
  static let lateHeaders = UploadError(.timedOut, "Request timed out: its headers are incomplete. Send it again.")

  /// No byte of the body arrived for the idle timeout, which the message states. Code `timedOut`.
  static func bodyTimeout(_ timeout: Duration) -> UploadError {
    let time = timeout.formattedSeconds
    return UploadError(.timedOut, "Upload timed out: no data received for \(time). Send the file again.")
  }

  /// The body arrived too slowly, on average. Code `timedOut`.
  /// - Parameter limit: the minimum rate, in bytes per second.
  static func tooSlow(limit: SizeSetting) -> UploadError {
    UploadError(.timedOut, "Upload too slow: the minimum rate is \(limit)/s. Send the file over a faster connection.")
  }

  /// Whether the body ended early although nothing was wrong with what arrived, so that this may be worth keeping: code
  /// `incomplete`, `clientGone`, `timedOut` or `shuttingDown`.
  var isInterrupted: Bool { [.incomplete, .clientGone, .timedOut, .shuttingDown].contains(code) }

  /// Whether a resumable upload that fails with this error can never succeed, so that it is deleted: its content, name
  /// or precondition is the reason, or a user who cancelled it.
  var endsResumableUpload: Bool {
    [.tooLarge, .unsupportedType, .contentMismatch, .preconditionFailed, .nameTaken, .cancelled].contains(code)
  }

  /// The same error whose message also says under which name the received content is kept.
  func kept(as name: String) -> UploadError {
    UploadError(code, "\(message) The data received is kept as \"\(PlainText.sanitized(name))\".", cause: cause)
  }

  /// Any error as an ``UploadError``; one of another type becomes the cause of an error with code `internalFailure`.
  static func wrapping(_ error: any Error) -> UploadError {
    error as? UploadError ?? UploadError(.internalFailure, "Internal server error. Try again later.", cause: error)
  }
}
