import Glibc
import UploadCore

/// The file that a path given by the user leads to, and whether the program may write it.
///
/// A symbolic link is followed and stays: people keep their settings as links into a repository. What it leads to must not
/// exist yet or be a regular file. Replacing a device, FIFO or socket by a file would break other programs.
struct OutputTarget {
  /// Links in a row at most, as the kernel follows them (path_resolution(7)).
  private static let mostLinks = 40

  /// Where the file is or will be, after all links.
  let path: String
  /// The regular file that is there; nil when there is none.
  let existing: Existing?

  /// What a file that is replaced hands on to the new one.
  struct Existing {
    /// Permission bits.
    var mode: mode_t
    var owner: uid_t
    var group: gid_t
  }

  /// Follows the links and looks at what is there. The directory need not exist.
  /// - Throws: ``UploadError`` with code `nameTaken` when something other than a regular file is there, `badDirectory` when
  ///   the links form a loop.
  init(_ given: String) throws(UploadError) {
    var path = given
    for _ in 0..<Self.mostLinks {
      var status = stat()
      guard lstat(path, &status) == 0 else {
        // Whatever else is wrong with the directory is found when the file is created in it.
        self.path = path
        existing = nil
        return
      }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.unsuitable(given, Self.kind(status.st_mode)) }
        self.path = path
        existing = Existing(mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid)
        return
      }
      guard !Self.isProc(status) else { throw Self.unsuitable(given, "a link to an open file of a process") }
      path = try Self.next(path, given)
    }
    throw UploadError(
      .badDirectory,
      "\(PlainText.sanitized(given)): the symbolic links form a loop. Choose another path."
    )
  }

  /// Everything before the last component of a path, with its slash; empty for a bare name.
  static func directory(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
  }

  /// Where the link at `path` leads.
  private static func next(_ path: String, _ given: String) throws(UploadError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink(path, &buffer, buffer.count)
    guard length > 0, length < buffer.count else {
      let cause = SystemCallError("readlink", errno)
      throw UploadError(
        .badDirectory,
        "\(PlainText.sanitized(given)) is a link that cannot be read: \(cause.reason).",
        cause: cause
      )
    }
    let target = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return target.hasPrefix("/") ? target : directory(of: path) + target
  }

  /// Whether a link lies in procfs: its links name open files of processes, and `/dev/stdout` leads to one.
  private static func isProc(_ link: stat) -> Bool {
    var proc = stat()
    return lstat("/proc/self", &proc) == 0 && proc.st_dev == link.st_dev
  }

  private static func unsuitable(_ path: String, _ kind: String) -> UploadError {
    UploadError(
      .nameTaken,
      "\(PlainText.sanitized(path)) is \(kind), not a regular file. It was left as it is; choose another path."
    )
  }

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "a special file"
    }
  }
}
