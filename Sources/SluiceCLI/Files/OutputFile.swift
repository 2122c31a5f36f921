import Glibc
import UploadCore

/// The file that a sample is written to: nothing is left of it unless it was finished.
///
/// Without `force` it is made under its own name, which must be free. With `force` it grows under another name beside
/// the old one and takes its place at the end, so that a failure does not cost the old file.
struct SampleFile: ~Copyable {
  private let path: String
  /// Where the bytes go until the end: ``path``, or a name beside it.
  let temporary: String
  /// -1 once it is closed.
  private var descriptor: Int32
  private var isFinished = false

  /// - Throws: ``UploadError`` with code `nameTaken`, `badDirectory` or `storageFailed`.
  init(path: String, force: Bool) throws(UploadError) {
    if force { try Self.checkReplaceable(path) }
    let temporary = force ? Self.directory(of: path) + ".sample-\(UploadID()).tmp" : path
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.openError(errno, path) }
    self.path = path
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isFinished { unlink(temporary) }
  }

  /// Makes sure that there is room for `size` bytes before the first of them is written.
  /// - Throws: ``UploadError`` with code `diskFull` that says how much there is.
  func reserve(_ size: UInt64) throws(UploadError) {
    var system = statvfs()
    if fstatvfs(descriptor, &system) == 0, system.f_blocks > 0 {
      // What is kept back for root is there for root.
      let blocks = UInt64(geteuid() == 0 ? system.f_bfree : system.f_bavail)
      let (free, overflow) = blocks.multipliedReportingOverflow(by: UInt64(system.f_frsize))
      guard overflow || free >= size else { throw Self.diskFull(path, size: size, free: free) }
    }
    guard let length = off_t(exactly: size) else { throw Self.diskFull(path, size: size, free: nil) }
    guard length > 0 else { return }
    // Tells of a quota too. Where the file system cannot, glibc writes a byte a block instead, which takes longer.
    let error = posix_fallocate(descriptor, 0, length)
    if error == ENOSPC || error == EDQUOT { throw Self.diskFull(path, size: size, free: nil) }
    if error == EFBIG { throw Self.writeError(error, path) }
  }

  /// Appends all of `bytes`.
  func write(_ bytes: UnsafeRawBufferPointer) throws(UploadError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        throw Self.writeError(count == 0 ? EIO : errno, path)
      }
    }
  }

  /// Puts the file where it belongs.
  consuming func finish() throws(UploadError) {
    // Some network file systems tell only now that they had no room.
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw Self.writeError(errno, path) }
    if temporary != path, rename(temporary, path) != 0 { throw Self.writeError(errno, path) }
    isFinished = true
  }

  /// Everything before the last component, with its slash; empty for a bare name.
  private static func directory(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
  }

  /// A device, a directory or a link must not be replaced by a file, whatever was asked for.
  private static func checkReplaceable(_ path: String) throws(UploadError) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    throw UploadError(.nameTaken, "\(PlainText.sanitized(path)) is there and is not a plain file. Choose another name.")
  }

  private static func openError(_ number: Int32, _ path: String) -> UploadError {
    let shown = PlainText.sanitized(path)
    return switch number {
    case EEXIST: UploadError(.nameTaken, "\(shown) exists already. Choose another name, or say --force to replace it.")
    case ENOENT: UploadError(.badDirectory, "The directory of \(shown) does not exist. Make it first.")
    case ENOTDIR: UploadError(.badDirectory, "The directory of \(shown) is a file. Choose another path.")
    case EACCES, EPERM, EROFS:
      UploadError(.badDirectory, "\(shown) cannot be made: its directory may not be written to. Choose another one.")
    case ENOSPC, EDQUOT: diskFull(path, size: nil, free: nil)
    default: UploadError(.storageFailed, "\(shown) cannot be made: \(String(cString: strerror(number))).")
    }
  }

  private static func writeError(_ number: Int32, _ path: String) -> UploadError {
    if number == ENOSPC || number == EDQUOT { return diskFull(path, size: nil, free: nil) }
    return UploadError(
      .storageFailed,
      "Writing \(PlainText.sanitized(path)) failed: \(String(cString: strerror(number)))."
    )
  }

  private static func diskFull(_ path: String, size: UInt64?, free: UInt64?) -> UploadError {
    let need = size.map { "\(ByteSize.text($0)) do not fit" } ?? "There is no space left"
    let have = free.map { ", \(ByteSize.text($0)) are free" } ?? ""
    return UploadError(
      .diskFull,
      "\(need) where \(PlainText.sanitized(path)) would be\(have). Free some space or choose a smaller size."
    )
  }
}
