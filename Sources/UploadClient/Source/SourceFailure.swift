import Glibc
import UploadCore

/// The errors of a source, by the call or the check that fails. All but ``changed(_:from:to:)`` have the code
/// `unreadableFile`.
enum SourceFailure {
  /// The error of an `open` that failed with the error number `code`.
  static func opening(_ path: String, _ code: CInt) -> UploadError {
    code == ENXIO
      ? unreadable("\"\(PlainText.sanitized(path))\" is a socket, not a file.") : opening("file", path, code)
  }

  /// The error of a symbolic link that is to be followed, and whose target does not exist.
  static func brokenLink(_ path: String) -> UploadError {
    unreadable("The link \"\(PlainText.sanitized(path))\" leads nowhere. Remove it, or send without --follow.")
  }

  /// The error of a directory that cannot be opened or read.
  /// - Parameter code: the error number; EXDEV for a directory of a tree that was replaced after the walk had found it.
  static func directory(_ path: String, _ code: CInt) -> UploadError {
    guard code == EXDEV else { return opening("directory", path, code) }
    let name = PlainText.sanitized(path)
    return unreadable("The directory \"\(name)\" was replaced while the tree was sent. Send it again.")
  }

  private static func opening(_ noun: String, _ path: String, _ code: CInt) -> UploadError {
    let name = PlainText.sanitized(path)
    return switch code {
    case ENOENT, ENOTDIR: unreadable("There is no \(noun) \"\(name)\". Check the path.")
    case EACCES, EPERM: unreadable("The \(noun) \"\(name)\" may not be read by this user. Check its permissions.")
    case ELOOP: unreadable("The path \"\(name)\" leads in a circle of symbolic links.")
    case EMFILE, ENFILE:
      unreadable("The \(noun) \"\(name)\" cannot be opened: too many files are open. Send fewer at once.")
    default: unreadable("The \(noun) \"\(name)\" cannot be opened: \(text(code)).")
    }
  }

  /// The error for a file of a tree that was replaced by a symbolic link, or whose directory was, after the walk had found it.
  static func becameLink(_ path: String) -> UploadError {
    unreadable(
      "\"\(PlainText.sanitized(path))\", or a directory above it, became a symbolic link while the tree was sent. "
        + "Send it again."
    )
  }

  /// The error for a source that is not a regular file: any that was named by its path, or a directory at a descriptor.
  /// - Parameters:
  ///   - path: the path, or the name of the descriptor's source.
  ///   - mode: its `st_mode`.
  static func notRegular(_ path: String, _ mode: mode_t) -> UploadError {
    let name = PlainText.sanitized(path)
    return switch mode & S_IFMT {
    case S_IFDIR: unreadable("\"\(name)\" is a directory. Name a file, or pack the directory into one first.")
    case S_IFIFO: unreadable("\"\(name)\" is a pipe, not a file. Read it through standard input: send - < \(name)")
    case S_IFCHR, S_IFBLK:
      unreadable("\"\(name)\" is a device, not a file. Read it through standard input: send - < \(name)")
    default: unreadable("\"\(name)\" is not a regular file.")
    }
  }

  /// The error for a descriptor, described by `name`, that cannot be used.
  /// - Parameter code: the error number; EBADF when it is not open for reading.
  static func descriptor(_ name: String, _ code: CInt) -> UploadError {
    let reason = code == EBADF ? "it is not open for reading" : text(code)
    return unreadable("\"\(PlainText.sanitized(name))\" cannot be read: \(reason).")
  }

  /// The error of a read, of `sendfile` or of `fstat` that failed with the error number `code`.
  static func reading(_ label: String, _ code: CInt) -> UploadError {
    let name = PlainText.sanitized(label)
    // sendfile fails so for files without a page cache, such as those of /proc.
    return code == EINVAL
      ? unreadable("The file system of \"\(name)\" cannot send it directly. Use: cat FILE | sluice send -")
      : unreadable("\"\(name)\" could not be read to its end: \(text(code)).")
  }

  /// The error for a file that has changed since it was opened, with code `fileChanged`.
  static func changed(_ label: String, from old: FileStamp, to new: FileStamp) -> UploadError {
    let change =
      if new.size == old.size {
        "was written to"
      } else {
        "\(new.size < old.size ? "shrank" : "grew") from \(old.size) to \(new.size) bytes"
      }
    return UploadError(
      .fileChanged,
      "\"\(PlainText.sanitized(label))\" \(change) while it was sent. Send it again when no program writes to it."
    )
  }

  private static func unreadable(_ message: String) -> UploadError { UploadError(.unreadableFile, message) }

  private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
