import Glibc
import UploadClient
import UploadCore

/// The file that is sent, as it was when the comparison began.
struct CompareFile: Sendable {
  /// The absolute path, without links: to programs a path that begins with a dash is an option.
  let path: String
  /// The last part of the path, safe to display.
  let name: String
  /// Differs once the file has changed.
  private let stamp: FileStamp

  /// Notes the file's state as it is now.
  /// - Throws: ``UploadError`` with code `unreadableFile` when it cannot be opened or is not a regular file.
  init(_ path: String) throws(UploadError) {
    let shown = PlainText.sanitized(path)
    // A FIFO would block until it has a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0, let resolved = realpath(path, nil) else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw UploadError(.unreadableFile, "\(shown) cannot be read: \(reason).")
    }
    defer {
      close(descriptor)
      free(resolved)
    }
    self.path = String(cString: resolved)
    name = PlainText.sanitized(String(self.path.split(separator: "/").last ?? ""))
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw UploadError(.unreadableFile, "\(shown) is not a regular file. Name one, or make one with --size.")
    }
    stamp = FileStamp(status)
  }

  /// The file's size at the start, in bytes.
  var size: UInt64 { stamp.size }

  /// Checks that the path still leads to the same file, and that it has not been written to.
  /// - Throws: ``UploadError`` with code `fileChanged` when the file is not the same as at the start of the comparison.
  func checkUnchanged() throws(UploadError) {
    var status = stat()
    guard stat(path, &status) == 0, FileStamp(status) == stamp else {
      throw UploadError(
        .fileChanged,
        "\(name) changed while it was compared, so there is no result. Start again when no program writes to it."
      )
    }
  }
}

/// The lowest sensible memory limit for clients: what Sluice's own stream needs for a tiny file, and 8 MiB more.
struct MemoryFloor: Sendable, Equatable {
  /// How much more a large file may need than a tiny one, in bytes.
  private static let slack: UInt64 = 8 << 20
  /// How much two measurements may differ, in bytes: a limit that a message has named as the least must not be too low the
  /// next time.
  private static let spread: UInt64 = 4 << 20

  /// The smallest limit that makes sense, in bytes; whole MiB. Messages name it; limits up to 4 MiB lower are accepted.
  let least: UInt64

  /// - Parameter peak: the peak memory of Sluice's own stream of a tiny file, in bytes.
  init(peak: UInt64) {
    least = ((peak + Self.slack + (1 << 20) - 1) >> 20) << 20
  }

  /// Checks a limit on the clients' memory.
  /// - Throws: ``UploadError`` with code `badValue`, whose message names ``least``, when it is more than 4 MiB below that.
  func check(_ limit: SizeSetting) throws(UploadError) {
    guard limit.bytes < least - Self.spread else { return }
    let message = "--max-memory \(limit) is too little for any client. The least that works here is \(least >> 20)MiB."
    throw UploadError(.badValue, message)
  }
}
