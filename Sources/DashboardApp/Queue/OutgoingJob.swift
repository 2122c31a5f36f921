import Glibc
package import UploadClient
package import UploadCore

/// A file to be sent, with all that is needed to send it once more.
package struct OutgoingJob: Sendable {
  /// What the upload is called, in the line and on the ledger.
  let id: UploadID
  let path: String
  let target: SendTarget
  let mode: UploadMode
  /// In bytes, as the line shows it; nil while nobody has looked. What is sent is what the file has then.
  var size: UInt64?

  package init(path: String, target: SendTarget, mode: UploadMode) {
    id = UploadID()
    self.path = path
    self.target = target
    self.mode = mode
  }

  /// What is sent.
  var source: UploadSource { .file(path) }

  /// The upload as it is shown while others are before it.
  func snapshot(isCancelled: Bool = false) -> UploadSnapshot {
    .inLine(
      id: id,
      mode: mode,
      name: PlainText.sanitized(source.name),
      size: size,
      remote: target.authority,
      isCancelled: isCancelled
    )
  }

  /// The same file to the same place, as another upload.
  var again: OutgoingJob {
    OutgoingJob(path: path, target: target, mode: mode)
  }

  /// Looks at the file's size. May block.
  static func size(of path: String) -> UInt64? {
    var status = stat()
    guard NameBytes.withPath(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(max(0, status.st_size))
  }
}
