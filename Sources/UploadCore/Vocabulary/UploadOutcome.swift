/// How an upload ended.
package enum UploadOutcome: Sendable {
  /// Everything arrived and is where it belongs.
  case finished(FinishedUpload)
  /// Nothing was stored, for this reason.
  case failed(UploadError)
  /// Somebody ended it; nothing was stored.
  case cancelled
}
