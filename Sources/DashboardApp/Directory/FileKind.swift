import Dashboard
import Glibc

/// What kinds of files are called.
enum FileKind {
  /// The kind that a mode from `stat` says.
  static func kind(_ mode: mode_t) -> DirectoryEntry.Kind {
    switch mode & S_IFMT {
    case S_IFDIR: .directory
    case S_IFREG: .file
    case S_IFIFO: .other("FIFO")
    case S_IFCHR, S_IFBLK: .other("device")
    case S_IFSOCK: .other("socket")
    default: .other("special file")
    }
  }

  /// Why something of this kind cannot be sent; nil for files and directories.
  static func problem(_ kind: DirectoryEntry.Kind) -> String? {
    guard case .other(let word) = kind else { return nil }
    return "a \(word) has no size and no end; only files can be sent"
  }

  /// What a failed call says about a path, in words to go on from.
  static func reason(_ code: CInt) -> String {
    switch code {
    case ENOENT: "it is not there, or not any more"
    case ENOTDIR: "it is not a directory"
    case EACCES, EPERM: "you may not read it"
    case ELOOP: "its links lead in a circle"
    case ENAMETOOLONG: "the path is too long"
    case EMFILE, ENFILE: "too many files are open"
    default: String(cString: strerror(code))
    }
  }
}
