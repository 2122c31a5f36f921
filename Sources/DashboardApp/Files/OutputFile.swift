import Basics
import Glibc
package import UploadCore

/// A file that the program writes under a path the user named: settings, samples, charts, frames. It is removed unless
/// it was finished.
///
/// Where an existing file may be replaced, the new one is written under a temporary name in the same directory and
/// renamed at the end (rename(2)): readers find the old file or the new one, complete, and a failure leaves the old one
/// unchanged. ``OutputTarget`` decides what may be replaced.
package struct OutputFile: ~Copyable {
  /// What to do with an existing file.
  package enum Existing {
    /// Leave it unchanged, and fail with `nameTaken`.
    case keep
    /// Replace it if it is a regular file, keeping its mode and, where permitted, its owner; otherwise fail with
    /// `nameTaken`.
    case replace
  }

  /// The path as it was given, for messages.
  private let path: String
  /// The file's final path, after all links.
  private let target: String
  /// The path that is written to until ``finish()``: the final one, or a temporary name in the same directory. A
  /// forced exit must remove it (``StopRequest/onForce(_:)``).
  package let temporary: String
  /// -1 once it is closed.
  private var descriptor: Int32
  private var isFinished = false

  /// Creates the file. Like the functions below, it may block.
  /// - Parameters:
  ///   - path: its directory must exist.
  ///   - existing: what to do with an existing file.
  ///   - mode: permission bits of a new file, less the umask; a file that replaces another one gets that one's.
  /// - Throws: ``UploadError`` with code `nameTaken`, `badDirectory`, `diskFull` or `storageFailed`.
  package init(path: String, existing: Existing, mode: UInt32 = 0o666) throws(UploadError) {
    let found = try existing == .replace ? OutputTarget(path) : nil
    let target = found?.path ?? path
    let temporary = found.map { OutputTarget.directory(of: $0.path) + ".sluice-\(UploadID()).tmp" } ?? path
    // O_EXCL creates nothing through a link, wherever it leads.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    // Thrown before the properties are set: the deinitializer would remove the existing file.
    guard descriptor >= 0 else { throw Self.openError(errno, path) }
    if let old = found?.existing {
      // Only root can hand on another user's file. Before the mode: a new owner clears some of its bits.
      _ = fchown(descriptor, old.st_uid, old.st_gid)
      _ = fchmod(descriptor, old.st_mode & 0o7777)
    }
    (self.path, self.target, self.temporary, self.descriptor) = (path, target, temporary, descriptor)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isFinished { unlink(temporary) }
  }

  /// Reserves space for `size` bytes as far as the file system can; call it before the first write.
  /// - Throws: ``UploadError`` with code `diskFull` when there is too little space or quota, and `storageFailed` when
  ///   the file system or a limit of this process (RLIMIT_FSIZE) permits no file of that size.
  package func reserve(_ size: SizeSetting) throws(UploadError) {
    var system = statvfs()
    if fstatvfs(descriptor, &system) == 0, system.f_blocks > 0 {
      // Blocks reserved for root are free for root only.
      let blocks = UInt64(geteuid() == 0 ? system.f_bfree : system.f_bavail)
      let (free, overflow) = blocks.multipliedReportingOverflow(by: UInt64(system.f_frsize))
      guard overflow || free >= size.bytes else { throw Self.diskFull(path, size: size, free: free) }
    }
    guard let length = off_t(exactly: size.bytes) else { throw Self.diskFull(path, size: size, free: nil) }
    guard length > 0 else { return }
    // Detects quotas too. Where the file system lacks the call, glibc writes one byte per block, which takes longer.
    let error = posix_fallocate(descriptor, 0, length)
    if error == ENOSPC || error == EDQUOT { throw Self.diskFull(path, size: size, free: nil) }
    if error == EFBIG { throw Self.writeError(error, path) }
  }

  /// Appends all of `bytes`.
  /// - Throws: ``UploadError`` with code `diskFull` or `storageFailed`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(UploadError) {
    guard writeAll(bytes, to: descriptor) else { throw Self.writeError(errno, path) }
  }

  /// Appends all of `text` in UTF-8.
  /// - Throws: ``UploadError`` with code `diskFull` or `storageFailed`.
  package func write(_ text: String) throws(UploadError) {
    guard writeAll(text, to: descriptor) else { throw Self.writeError(errno, path) }
  }

  /// Syncs the content to the disk, so that a power failure after ``finish()`` cannot leave an empty file.
  /// - Throws: ``UploadError`` with code `diskFull` or `storageFailed`.
  func sync() throws(UploadError) {
    guard fsync(descriptor) == 0 else { throw Self.writeError(errno, path) }
  }

  /// Closes the file and publishes it under its final path. If that fails, the file is removed.
  /// - Throws: ``UploadError`` with code `diskFull`, `storageFailed`, or `nameTaken` or `badDirectory` when the path
  ///   was changed meanwhile.
  package consuming func finish() throws(UploadError) {
    // Some network file systems report only now that they had no space.
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw Self.writeError(errno, path) }
    if temporary != target {
      // A file of another kind may have been created there since.
      _ = try OutputTarget(target)
      guard rename(temporary, target) == 0 else { throw Self.writeError(errno, path) }
    }
    isFinished = true
  }

  private static func openError(_ number: Int32, _ path: String) -> UploadError {
    let shown = PlainText.sanitized(path)
    return switch number {
    case EEXIST: UploadError(.nameTaken, "\(shown) exists already. Choose another name, or replace it with --force.")
    case ENOENT: UploadError(.badDirectory, "The directory of \(shown) does not exist. Create it first.")
    case ENOTDIR: UploadError(.badDirectory, "The directory of \(shown) is a file. Choose another path.")
    case EACCES, EPERM, EROFS:
      UploadError(.badDirectory, "\(shown) cannot be created: its directory is not writable. Choose another one.")
    case ENOSPC, EDQUOT: diskFull(path, size: nil, free: nil)
    default: UploadError(.storageFailed, "\(shown) cannot be created: \(String(cString: strerror(number))).")
    }
  }

  private static func writeError(_ number: Int32, _ path: String) -> UploadError {
    if number == ENOSPC || number == EDQUOT { return diskFull(path, size: nil, free: nil) }
    let shown = PlainText.sanitized(path)
    return UploadError(.storageFailed, "Writing \(shown) failed: \(String(cString: strerror(number))).")
  }

  private static func diskFull(_ path: String, size: SizeSetting?, free: UInt64?) -> UploadError {
    let need = size.map { " for \($0)" } ?? ""
    let have = free.map { " (\(ByteSize.text($0)) free)" } ?? ""
    let place = "at \(PlainText.sanitized(path))\(have)"
    return UploadError(.diskFull, "Not enough disk space\(need) \(place). Free some space or choose a smaller size.")
  }
}

/// Temporary directories.
package enum ScratchDirectory {
  /// Creates a directory that only this user can enter. The caller removes it.
  /// - Parameters:
  ///   - prefix: the beginning of its name; a hyphen and six random characters follow.
  ///   - parent: the directory to create it in; nil for `TMPDIR`, or `/tmp` where that is unset or empty.
  /// - Returns: its path.
  /// - Throws: ``UploadError`` with code `badDirectory` when it cannot be created there.
  package static func make(_ prefix: String, in parent: String? = nil) throws(UploadError) -> String {
    let base = parent ?? ProcessEnvironment.all["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let cause = SystemCallError("mkdtemp", errno)
      let advice = parent == nil ? "Set TMPDIR." : "Choose another directory."
      let problem = "Cannot create a temporary directory in \(PlainText.sanitized(base)): \(cause.reason)."
      throw UploadError(.badDirectory, "\(problem) \(advice)", cause: cause)
    }
    return String(decoding: template.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
