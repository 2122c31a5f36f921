import Basics
import Glibc

/// Reads and replaces the small files of a ``ResumeJournal``.
enum JournalFile {
  /// The content of a regular file; nil for any other, one with more than `limit` bytes, and after an error.
  static func read(_ descriptor: CInt, limit: Int) -> [UInt8]? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return readAll(descriptor, limit: limit).flatMap { $0.count <= limit ? $0 : nil }
  }

  /// Replaces a file atomically by one with mode 0600, and syncs it: after a crash or a power failure it has the old content
  /// or the new one.
  /// - Parameters:
  ///   - temporary: a path in the same directory that only this caller uses.
  ///   - directory: the directory of both.
  /// - Returns: false where it could not be written; then the old content stays.
  static func replace(_ path: String, by bytes: [UInt8], temporary: String, in directory: String) -> Bool {
    // One that an earlier process has left behind, or a link.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return false }
    let isWritten = bytes.withUnsafeBytes { writeAll($0, to: descriptor) } && fsync(descriptor) == 0
    guard close(descriptor) == 0, isWritten, rename(temporary, path) == 0 else {
      unlink(temporary)
      return false
    }
    let place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard place >= 0 else { return true }
    defer { close(place) }
    return fsync(place) == 0
  }
}
