import Glibc
package import UploadClient
package import UploadCore

/// A file or directory to send, with everything needed to send it again.
package struct UploadJob: Sendable {
  /// The upload's id, in the queue and on the ledger.
  let id: UploadID
  let path: String
  let target: SendTarget
  let mode: UploadMode
  /// Size in bytes, for display only; nil until it is known.
  var size: UInt64?
  /// What the journal says of an upload that an earlier process has begun; otherwise nil.
  let unfinished: ResumeJournal.Entry?
  /// Whether the upload begins only when the user continues it.
  var isPaused = false
  /// The limit that the user has set on its rate while it was queued, in bytes per second; nil for none.
  var limit: UInt64?
  /// Whether it has been sent before: files of a directory that the server lists are not sent once more.
  private(set) var skipsExisting = false
  /// The file as the client opens it, once its upload starts.
  let source: UploadSource

  package init(path: String, target: SendTarget, mode: UploadMode) {
    (id, self.path, self.target, self.mode) = (UploadID(), path, target, mode)
    (unfinished, source) = (nil, .file(path))
  }

  /// An upload that an earlier process has begun: the client finds its entry in the journal by itself, by path, name and
  /// target.
  init(continuing entry: ResumeJournal.Entry, target: SendTarget) {
    (id, path, self.target, mode) = (UploadID(), entry.path, target, .stream)
    (size, unfinished) = (entry.size, entry)
    var source = UploadSource.file(entry.path, name: entry.name)
    if entry.name.utf8.contains(UInt8(ascii: "/")) {
      // Where it must begin anew, the server stores it as it would have with the whole directory.
      (source.remotePath, source.modified) = (entry.name, entry.modifiedSeconds)
    }
    self.source = source
  }

  private init(again job: UploadJob) {
    (id, path, target, mode, source) = (UploadID(), job.path, job.target, job.mode, job.source)
    (unfinished, skipsExisting) = (nil, true)
  }

  /// The name of the file or directory; of a file of a directory, with the path of that at the server. May contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  var name: String { source.name }

  /// The upload as the dashboard shows it while it is queued, or cancelled before it began.
  func snapshot(isCancelled: Bool = false) -> UploadSnapshot {
    let (name, remote) = (PlainText.sanitized(source.name), target.authority)
    var upload = UploadSnapshot.queued(
      id: id,
      mode: unfinished == nil ? mode : .resumable,
      name: name,
      size: size,
      remote: remote,
      isCancelled: isCancelled,
      isPaused: isPaused
    )
    upload.bytes = unfinished?.offset ?? 0
    upload.limit = limit
    return upload
  }

  /// The job of a directory while the server has not yet said which of its files it has.
  func listingSnapshot() -> UploadSnapshot {
    var upload = snapshot()
    upload.isQueued = false
    upload.retryReason =
      "The server has not listed its files yet, of which only missing ones are sent. It is asked for at most "
      + RetryPolicy.usual.patience.formattedSeconds + "."
    return upload
  }

  /// The job of a directory that has ended without any file.
  func emptySnapshot() -> UploadSnapshot {
    var upload = snapshot()
    upload.isQueued = false
    (upload.state, upload.size) = (.done, 0)
    upload.outcome = .finished(FinishedUpload(path: upload.name, bytes: 0))
    return upload
  }

  /// Whether `other` sends the same file under the same name to the same URL, with whatever token, or is a directory that
  /// contains it.
  func isIncluded(in other: UploadJob) -> Bool {
    let slash = UInt8(ascii: "/")
    var directory = other.path.utf8[...]
    while directory.count > 1, directory.last == slash { directory.removeLast() }
    // By bytes: a combining mark after a slash would form one character with it.
    guard path.utf8.starts(with: directory), name.utf8.starts(with: other.name.utf8) else { return false }
    let (rest, restOfName) = (path.utf8.dropFirst(directory.count), name.utf8.dropFirst(other.name.utf8.count))
    return rest.elementsEqual(restOfName) && (rest.first ?? slash) == slash && hasSameTarget(as: other)
  }

  private func hasSameTarget(as other: UploadJob) -> Bool {
    target.isSecure == other.target.isSecure && target.authority == other.target.authority
      && target.path == other.target.path && target.query == other.target.query
  }

  /// The same file to the same target in the same mode, as an upload with a new id; of a directory, the files that the
  /// server does not have yet.
  var copy: UploadJob { UploadJob(again: self) }

  /// Whether the path is a directory, or a symbolic link to one. May block.
  var isDirectory: Bool {
    var status = stat()
    return NameBytes.withPath(path) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Reads a file's size in bytes; nil when there is no regular file. Follows symbolic links. May block.
  static func size(of path: String) -> UInt64? {
    var status = stat()
    guard NameBytes.withPath(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(max(0, status.st_size))
  }
}
