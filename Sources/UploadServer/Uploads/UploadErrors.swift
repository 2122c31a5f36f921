import UploadCore

extension UploadError {
  /// How an upload that fails with this error ended.
  var outcome: UploadOutcome {
    code == .cancelled ? .cancelled : .failed(self)
  }

  /// The limit on a file's size was passed.
  static func tooLarge(limit: SizeSetting) -> UploadError {
    UploadError(.tooLarge, "The file is larger than this server accepts (\(limit)).")
  }

  /// The server's user cancelled it.
  static let cancelledByServer = UploadError(.cancelled, "The upload was cancelled at the server.")

  /// The connection is gone, or broke with an error.
  static func clientGone(_ cause: (any Error)? = nil) -> UploadError {
    let message = cause == nil ? "The client went away in the middle." : "The connection broke in the middle."
    return UploadError(.clientGone, message, cause: cause)
  }

  /// The client has closed its side before the end of the body.
  static func incompleteBody(_ cause: (any Error)? = nil) -> UploadError {
    UploadError(.incomplete, "The body ended before it was complete. Send the file again.", cause: cause)
  }

  /// The server accepts no more requests.
  static let stopping = UploadError(.shuttingDown, "The server is stopping. Send the file again later.")

  /// The headers of a request were not complete in time.
  static let lateHeaders = UploadError(.timedOut, "The head of the request did not come whole in time.")

  /// Nothing of the body arrived for the idle timeout.
  static func bodyTimeout(_ timeout: Duration) -> UploadError {
    UploadError(.timedOut, "No byte of the file came for \(timeout.formattedSeconds). Send the file again.")
  }

  /// It arrived too slowly, on average.
  static func tooSlow(limit: SizeSetting) -> UploadError {
    UploadError(.timedOut, "The file came slower than this server waits for (\(limit)/s).")
  }

  /// Whether the body ended early although nothing was wrong with it: what came of it may be worth keeping.
  var isInterrupted: Bool {
    [.incomplete, .clientGone, .timedOut, .shuttingDown].contains(code)
  }

  /// The same failure, with where the bytes are that did come.
  func kept(as name: String) -> UploadError {
    UploadError(code, "\(message) What came is kept as \"\(PlainText.sanitized(name))\".", cause: cause)
  }

  /// Any error as one of ours; what is not comes from within.
  static func wrapping(_ error: any Error) -> UploadError {
    error as? UploadError ?? UploadError(.internalFailure, "The server failed. Try again.", cause: error)
  }
}
