import UploadCore
import UploadReport

/// Compares what was sent with what is stored, by SHA-256.
struct HeadlessComparison {
  private let sources: [String: String]
  private let directory: String
  private let isCancelled: () -> Bool

  /// Reads every file that was sent, once.
  /// - Parameter isCancelled: asked before every MiB that is read; nothing is compared any more then.
  init(paths: [String], directory: String, isCancelled: @escaping () -> Bool) {
    var sources: [String: String] = [:]
    for path in Set(paths) { sources[path] = FileDigest.sha256(of: path, isCancelled: isCancelled) }
    self.sources = sources
    self.directory = directory
    self.isCancelled = isCancelled
  }

  /// `intact` or `mismatch` for an upload that finished; nil for another, whose outcome says it, and for one that could
  /// not be compared before somebody ended it.
  func verdict(of meter: UploadMeter, sentFrom path: String) -> UploadVerdict? {
    guard case .finished(let upload) = meter.ended?.outcome, !isCancelled() else { return nil }
    let stored = FileDigest.sha256(of: "\(directory)/\(upload.path)", isCancelled: isCancelled)
    guard !isCancelled() else { return nil }
    guard let sent = sources[path], let stored else { return .mismatch }
    return sent == stored ? .intact : .mismatch
  }
}
