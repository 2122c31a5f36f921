import CLinux
import DashboardApp
import Glibc
import UploadCore

/// The file that is sent, as it was when the comparison began.
struct CompareFile: Sendable {
  /// Absolute: to programs a path that begins with a dash is an option.
  let path: String
  /// As it is shown.
  let name: String
  let size: UInt64
  /// Changes whenever the file does, and is known without reading it: device, inode, size and time of the last change.
  private let state: [Int64]

  /// - Throws: ``UploadError`` with code `unreadableFile`.
  init(_ path: String) throws(UploadError) {
    let shown = PlainText.sanitized(path)
    guard let resolved = realpath(path, nil) else {
      throw UploadError(.unreadableFile, "\(shown) cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    name = PlainText.sanitized(String(self.path.split(separator: "/").last ?? ""))
    // A FIFO would block until it has a writer.
    let descriptor = open(self.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw UploadError(.unreadableFile, "\(shown) cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw UploadError(.unreadableFile, "\(shown) is not a plain file. Name one, or make one with --size.")
    }
    state = Self.state(of: &status)
    size = UInt64(clamping: status.st_size)
  }

  /// - Throws: ``UploadError`` with code `fileChanged` when it is no longer what it was.
  func checkUnchanged() throws(UploadError) {
    var status = stat()
    guard stat(path, &status) == 0, Self.state(of: &status) == state else {
      throw UploadError(
        .fileChanged,
        "\(name) changed while it was compared, so the results mean nothing. Try again when nobody writes to it."
      )
    }
  }

  private static func state(of status: inout stat) -> [Int64] {
    [
      Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino), Int64(status.st_size),
      clinux_modified_seconds(&status), clinux_modified_nanoseconds(&status),
    ]
  }
}

/// Where the comparison puts its files for as long as it needs them.
struct CompareWorkspace: Sendable {
  /// The servers' directory; at most one copy is in it.
  let uploads: String
  /// A file made for the comparison.
  let sample: String
  private let root: String

  /// - Parameter parent: where the directory is made; the place for temporary files when nil.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(in parent: String?) throws(UploadError) {
    root = try ScratchDirectory.make("sluice-compare", in: parent)
    uploads = root + "/uploads"
    sample = root + "/sample.bin"
    guard mkdir(uploads, 0o700) == 0 else {
      let cause = SystemCallError("mkdir", errno)
      rmdir(root)
      throw UploadError(.badDirectory, "No directory can be made in \(root): \(cause.reason).", cause: cause)
    }
  }

  /// Makes sure that there is room for `bytes`.
  /// - Throws: ``UploadError`` with code `diskFull` that says how much there is.
  func checkRoom(for bytes: UInt64) throws(UploadError) {
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

  /// What the server has stored; nil unless it is one file.
  var stored: String? {
    let names = DirectoryNames.read(uploads)
    return names.count == 1 ? names.first.map { "\(uploads)/\($0)" } : nil
  }

  /// Removes what the server has left: the copy, or a part of it where it was ended.
  func clear() {
    for name in DirectoryNames.read(uploads) { unlink("\(uploads)/\(name)") }
  }

  func remove() {
    clear()
    unlink(sample)
    rmdir(uploads)
    rmdir(root)
  }
}

/// The least memory a client needs whatever it sends.
struct MemoryFloor: Sendable, Equatable {
  /// What a bigger file may take beyond what a tiny one does.
  private static let slack: UInt64 = 8 << 20
  /// How far two measurements may lie apart: a limit that was named as the least must not be too low the next time.
  private static let spread: UInt64 = 4 << 20

  /// The smallest limit that makes sense, in bytes; whole MiB. Messages name it; a slightly lower one is accepted.
  let least: UInt64

  /// - Parameter peak: what Sluice's own stream of a tiny file took, in bytes.
  init(peak: UInt64) {
    least = ((peak + Self.slack + (1 << 20) - 1) >> 20) << 20
  }

  /// - Throws: ``UploadError`` with code `badValue` and the least that works.
  func check(_ limit: SizeSetting) throws(UploadError) {
    guard limit.bytes < least - Self.spread else { return }
    throw UploadError(
      .badValue,
      "--max-memory \(limit) is too little for any client. The least that works here is "
        + "\(least >> 20)MiB."
    )
  }
}
