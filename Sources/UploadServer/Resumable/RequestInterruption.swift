import UploadCore

/// Why a request of a resumable upload ends before its body is stored.
enum RequestInterruption {
  /// A newer request on the upload waits.
  case replaced
  case failed(UploadError)

  init(_ reason: UploadTurns.Reason) {
    self =
      switch reason {
      case .replaced: .replaced
      case .cancelled: .failed(.cancelledByServer)
      case .stopping: .failed(.stopping)
      }
  }

  /// Whether a user has cancelled the upload.
  var isCancellation: Bool {
    if case .failed(let error) = self { error.code == .cancelled } else { false }
  }
}
