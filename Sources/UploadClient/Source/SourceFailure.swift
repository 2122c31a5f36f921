import Glibc
import UploadCore

/// The errors of a source: one function for each call that fails.
enum SourceFailure {
  /// `open` failed.
  static func opening(_ path: String, _ code: CInt) -> UploadError {
    let name = PlainText.sanitized(path)
    let message =
      switch code {
      case ENOENT, ENOTDIR: "There is no file \"\(name)\". Check the path."
      case EACCES, EPERM: "The file \"\(name)\" may not be read by this user. Check its permissions."
      case ELOOP: "The path \"\(name)\" leads in a circle of symbolic links."
      case ENXIO: "\"\(name)\" is a socket, not a file."
      case EMFILE, ENFILE: "The file \"\(name)\" cannot be opened: too many files are open. Send fewer at once."
      default: "The file \"\(name)\" cannot be opened: \(text(code))."
      }
    return UploadError(.unreadableFile, message)
  }

  /// The path was opened, but is not a regular file.
  static func notRegular(_ path: String, _ mode: mode_t) -> UploadError {
    let name = PlainText.sanitized(path)
    let message =
      switch mode & S_IFMT {
      case S_IFDIR: "\"\(name)\" is a directory. Name a file, or pack the directory into one first."
      case S_IFIFO: "\"\(name)\" is a pipe, not a file. Read it through standard input: send - < \(name)"
      case S_IFCHR, S_IFBLK: "\"\(name)\" is a device, not a file. Read it through standard input: send - < \(name)"
      default: "\"\(name)\" is not a regular file."
      }
    return UploadError(.unreadableFile, message)
  }

  /// A descriptor cannot be used.
  static func descriptor(_ name: String, _ code: CInt) -> UploadError {
    let reason = code == EBADF ? "it is not open for reading" : text(code)
    return UploadError(.unreadableFile, "\"\(PlainText.sanitized(name))\" cannot be read: \(reason).")
  }

  /// A read, or `fstat`, failed.
  static func reading(_ label: String, _ code: CInt) -> UploadError {
    let name = PlainText.sanitized(label)
    // sendfile fails so for files without a page cache, such as those of /proc.
    if code == EINVAL {
      return UploadError(
        .unreadableFile,
        "The file system of \"\(name)\" cannot send it straight from its file. Use: cat FILE | sluice send -"
      )
    }
    return UploadError(.unreadableFile, "\"\(name)\" could not be read to its end: \(text(code)).")
  }

  /// Whether an error of sendfile comes from the file rather than from the connection.
  static func isReadError(_ code: CInt) -> Bool {
    [EIO, EINVAL, ENXIO, EOVERFLOW, ESTALE, ENODATA].contains(code)
  }

  /// The file has changed since it was opened.
  static func changed(_ label: String, from old: FileStamp, to new: FileStamp) -> UploadError {
    let name = PlainText.sanitized(label)
    let what =
      if new.size < old.size {
        "shrank from \(old.size) to \(new.size) bytes"
      } else if new.size > old.size {
        "grew from \(old.size) to \(new.size) bytes"
      } else {
        "was written to"
      }
    return UploadError(
      .fileChanged,
      "\"\(name)\" \(what) while it was sent. Send it again when nothing writes to it any more."
    )
  }

  private static func text(_ code: CInt) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
