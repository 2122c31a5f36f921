import Glibc
import UploadCore

/// The file that a path given by the user leads to, and whether the program may write it.
///
/// A symbolic link is followed and preserved: people keep their settings as links into a repository. Its target must
/// not exist yet or be a regular file. Replacing a device, FIFO or socket by a file would break other programs.
struct OutputTarget {
  /// The longest chain of links, as in the kernel (path_resolution(7)).
  private static let mostLinks = 40

  /// The path of the file after all links; the given one where it is no link.
  let path: String
  /// The status of the regular file at ``path``, whose mode and owner a new one inherits; nil when there is none.
  let existing: stat?

  /// Follows the links and checks the file at their end. Neither the file nor its directory need exist. May block.
  /// - Throws: ``UploadError`` with code `nameTaken` when it is something other than a regular file, `badDirectory`
  ///   when the links form a loop or one cannot be read.
  init(_ given: String) throws(UploadError) {
    let shown = PlainText.sanitized(given)
    var path = given
    for _ in 0..<Self.mostLinks {
      var status = stat()
      guard lstat(path, &status) == 0 else {
        // Other problems of the directory are found when the file is created in it.
        self.path = path
        existing = nil
        return
      }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.unsuitable(shown, FileText.noun(status.st_mode)) }
        self.path = path
        existing = status
        return
      }
      guard !Self.isProc(status) else { throw Self.unsuitable(shown, "a link to an open file of a process") }
      guard let target = linkTarget(path) else {
        let cause = SystemCallError("readlink", errno)
        throw UploadError(.badDirectory, "\(shown) is a link that cannot be read: \(cause.reason).", cause: cause)
      }
      path = target.hasPrefix("/") ? target : Self.directory(of: path) + target
    }
    throw UploadError(.badDirectory, "\(shown): the symbolic links form a loop. Choose another path.")
  }

  /// Everything before the last component of a path, with its slash; empty for a bare name.
  static func directory(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
  }

  /// Whether a link lies in procfs: its links name open files of processes, and `/dev/stdout` leads to one.
  private static func isProc(_ link: stat) -> Bool {
    var proc = stat()
    return lstat("/proc/self", &proc) == 0 && proc.st_dev == link.st_dev
  }

  private static func unsuitable(_ shown: String, _ kind: String) -> UploadError {
    UploadError(.nameTaken, "\(shown) is \(kind), not a regular file. It was not changed; choose another path.")
  }
}

/// Reads a symbolic link, one step of it.
/// - Parameters:
///   - name: relative to `directory`, or absolute.
///   - directory: a descriptor; the working directory by default.
/// - Returns: the link's target, in which bytes that are not UTF-8 are kept (``NameBytes/losslessText``); nil, with the
///   reason in `errno`, when it cannot be read.
func linkTarget(_ name: UnsafePointer<CChar>, in directory: CInt = AT_FDCWD) -> String? {
  let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
    let length = buffer.withMemoryRebound(to: CChar.self) { bytes in
      bytes.baseAddress.map { readlinkat(directory, name, $0, bytes.count) } ?? 0
    }
    count = max(0, length)
  }
  return target.isEmpty ? nil : NameBytes(target).losslessText
}
