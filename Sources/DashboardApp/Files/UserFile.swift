import Basics
import Glibc
import UploadCore

/// A small file of the user's, which may have been edited by hand, or be something else altogether. Its functions may
/// block.
struct UserFile: Sendable {
  /// The largest file that is read, in bytes.
  static let limit = 64 * 1024

  let path: String

  /// Why the file cannot be used.
  struct Unusable: Error {
    /// Follows the path in a message.
    var reason: String
    /// Whether it is a regular file, which is renamed before a new one is written.
    var isKept: Bool
  }

  /// Reads the file.
  /// - Returns: nil when there is none.
  func read() throws(Unusable) -> [UInt8]? {
    // A FIFO of that name must not block the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Unusable(reason: ": \(String(cString: strerror(errno)))", isKept: errno == EACCES)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Unusable(reason: " is not a regular file", isKept: false)
    }
    guard let bytes = readAll(descriptor, limit: Self.limit), bytes.count <= Self.limit else {
      throw Unusable(reason: " cannot be read, or is larger than 64 KiB", isKept: true)
    }
    return bytes
  }

  /// Creates the directory of a file and those above it, where they are missing.
  /// - Parameter target: the file's path after all links.
  func createDirectory(of target: String) throws(UploadError) {
    let directory = OutputTarget.directory(of: target)
    let path = directory.utf8
    for end in path.indices where path[end] == UInt8(ascii: "/") && end > path.startIndex {
      guard mkdir(String(directory[..<end]), 0o700) == 0 || errno == EEXIST else { throw failure("mkdir") }
    }
  }

  func failure(_ call: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    return UploadError(.storageFailed, "\(PlainText.sanitized(path)): \(cause.reason).", cause: cause)
  }
}
