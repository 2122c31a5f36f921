import UploadCore

extension UploadHandler {
  /// Why an upload is over a limit before a byte of it is read; nil when it is not.
  func refusal(fileSize: UInt64?) -> UploadError? {
    if let limit = server.limits.maxSize, let size = fileSize, size > limit.bytes { return .tooLarge(limit: limit) }
    if let error = server.refuseOrCount(current.client) { return error }
    current.isCounted = true
    return nil
  }

  /// The upload that was counted for its client is over.
  func stopCounting() {
    guard current.isCounted else { return }
    current.isCounted = false
    server.uploadEnded(of: current.client)
  }
}
