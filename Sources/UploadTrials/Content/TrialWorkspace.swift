import DashboardApp
import Glibc
import Synchronization
import UploadCore

/// The directories of a comparison, a test run or a scripted dashboard, and the files that the server has stored there.
/// Nothing is removed before one of the functions for that is called. Usable from any thread.
final class TrialWorkspace: Sendable {
  /// Path of the directory of the stored files; the server makes it unless it exists.
  let uploads: String
  private let root: String
  /// An absolute path unless `TMPDIR` is relative: where clients that are started as programs note unfinished uploads.
  let state: String
  /// Where the server keeps unfinished uploads, in ``uploads``.
  private let unfinished: String
  private let madeUploads, madeUnfinished: Bool
  /// By the final name of each stored file: the server's peak memory for it, in bytes.
  private let peaks = Mutex<[String: Int]>([:])

  /// Makes the temporary directory.
  /// - Parameters:
  ///   - prefix: of the temporary directory's name.
  ///   - parent: where the temporary directory is made; nil for `TMPDIR`, otherwise `/tmp`.
  ///   - uploads: directory for stored files; nil for one in the temporary directory.
  /// - Throws: ``UploadError`` with code `badDirectory` when the temporary directory cannot be made.
  init(_ prefix: String, in parent: String? = nil, uploads: String? = nil) throws(UploadError) {
    root = try ScratchDirectory.make(prefix, in: parent)
    self.uploads = uploads ?? root + "/uploads"
    state = root + "/state"
    unfinished = "\(self.uploads)/\(FileName.unfinishedDirectory)"
    madeUploads = access(self.uploads, F_OK) != 0
    madeUnfinished = access(unfinished, F_OK) != 0
  }

  /// Generates a file of random bytes in the temporary directory. Blocks until it is written.
  /// - Parameters:
  ///   - number: part of the file's name, different for each file; from 1.
  ///   - stop: once requested, the writing ends.
  /// - Returns: the file's path.
  /// - Throws: ``UploadError`` with code `cancelled`, `nameTaken`, `badDirectory`, `diskFull` or `storageFailed`.
  func makeSample(_ number: Int = 1, of size: SizeSetting, until stop: StopRequest) throws(UploadError) -> String {
    let path = "\(root)/sample-\(number).bin"
    try SampleWriter(path: path, size: size, random: true, force: false).write(isCancelled: { stop.signal != nil })
    return path
  }

  /// Checks that `bytes` of disk space are free for the temporary directory; passes when that cannot be known.
  /// - Throws: ``UploadError`` with code `diskFull` that says how much is free.
  func checkSpace(for bytes: UInt64) throws(UploadError) {
    var status = statvfs()
    guard statvfs(root, &status) == 0, status.f_blocks > 0 else { return }
    let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    guard !overflow, free < bytes else { return }
    throw UploadError(
      .diskFull,
      "\(ByteSize.text(bytes)) are needed for the copies, \(ByteSize.text(free)) are free. "
        + "Free some space, or name another place with --dir."
    )
  }

  /// Path of the file in ``uploads``; nil unless there is exactly one.
  var stored: String? {
    let names = DirectoryNames.read(uploads).filter { !$0.hasPrefix(".sluice-") }
    return names.count == 1 ? "\(uploads)/\(names[0])" : nil
  }

  /// Records the files that the server has stored by this snapshot, which ``remove(keepingFiles:)`` removes, and its peak
  /// memory for each. Call it for every snapshot of the server.
  func note(_ snapshot: Snapshot) {
    for upload in snapshot.uploads where upload.direction == .incoming {
      if let name = upload.outcome?.storedName { peaks.withLock { $0[name] = upload.peakResidentBytes } }
    }
  }

  /// The server's peak memory for a stored file, in bytes; nil unless ``note(_:)`` has recorded the file.
  /// - Parameter name: the file's final name.
  func serverPeak(of name: String) -> Int? { peaks.withLock { $0[name] } }

  /// Removes the files with these names from ``uploads``, which may contain others.
  func removeStored(_ names: [String]) {
    for name in names { unlink("\(uploads)/\(name)") }
  }

  /// Removes all files in ``uploads``, also unfinished uploads that a killed server has left. Only for a directory that
  /// contains nothing else.
  func removeAllStored() {
    removeStored(DirectoryNames.read(uploads))
    Self.removeTree(unfinished)
  }

  /// Removes the generated files, the recorded stored files, and the directories that did not exist before. From an upload
  /// directory that did not exist before it removes all files, including those of uploads that failed only for the client.
  /// Unfinished uploads are removed in any case, unless some were there before.
  /// - Parameter keepingFiles: remove only empty directories.
  func remove(keepingFiles: Bool = false) {
    if !keepingFiles {
      removeStored(peaks.withLock { Array($0.keys) })
      if madeUploads { removeAllStored() }
      for name in DirectoryNames.read(root) where name.hasPrefix("sample-") { unlink("\(root)/\(name)") }
    }
    if madeUnfinished { Self.removeTree(unfinished) }
    if madeUploads { rmdir(uploads) }
    Self.removeTree(state)
    rmdir(root)
  }

  /// Removes a directory, where there is one, with all that it contains; follows no symbolic links.
  private static func removeTree(_ path: String) {
    guard rmdir(path) != 0, errno == ENOTEMPTY || errno == EEXIST else { return }
    for name in DirectoryNames.read(path) {
      let inner = "\(path)/\(name)"
      // A directory cannot be unlinked.
      if unlink(inner) != 0 { removeTree(inner) }
    }
    rmdir(path)
  }
}

extension UploadOutcome {
  /// The final name at the server; nil unless the upload finished.
  var storedName: String? {
    if case .finished(let file) = self { file.path } else { nil }
  }
}
