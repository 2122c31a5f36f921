import Glibc
package import UploadCore

/// Makes ``UploadError`` values of system calls that failed in the store.
package enum StorageError {
  /// The name of the call in errors when the sync of a directory has failed.
  static let directorySync = "fsync of the directory"

  /// Whether an error is that of a failed sync of a file or directory: the kernel may have dropped the pages after it.
  static func isFailedSync(_ error: any Error) -> Bool {
    guard let cause = (error as? UploadError)?.cause as? SystemCallError else { return false }
    return cause.call == "fdatasync" || cause.call == directorySync
  }

  /// The error for an upload when a system call on its file has failed. Reads `errno`, so make it right after the call.
  ///
  /// The code depends on `errno`: `diskFull`, `tooLarge`, `tooManyUploads`, `directoryUnavailable`, `badRequest` when
  /// the file system rejects the name, otherwise `storageFailed`. Clients read the message, so it names no path of the
  /// server.
  /// - Parameter call: the call's name, such as `write`; for `link`, `EINVAL` means that the name is rejected.
  static func uploadFailed(_ call: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    switch cause.number {
    case ENOSPC, EDQUOT:
      return UploadError(
        .diskFull,
        "No space is left on the server. Free some space and send the file again.",
        cause: cause
      )
    case EFBIG:
      let limits = "the server's file system, or the limit of its process (ulimit -f), allows"
      return UploadError(.tooLarge, "The file is larger than \(limits).", cause: cause)
    case EMFILE, ENFILE:
      return UploadError(.tooManyUploads, "The server has too many files open. Try again later.", cause: cause)
    case ENOENT, ESTALE: return directoryUnavailable(.missing, cause)
    // Files are not linked or renamed across mounts, not even those of one file system.
    case EXDEV: return directoryMoved(cause)
    case ENAMETOOLONG, EILSEQ,
      EINVAL where call == "link":
      return UploadError(.badRequest, "The disk rejects that file name. Choose a shorter one.", cause: cause)
    default: return UploadError(.storageFailed, "The file could not be stored: \(cause).", cause: cause)
    }
  }

  /// The error when a file cannot get its name in a directory. Reads `errno`, as ``uploadFailed(_:)`` does.
  static func namingFailed(_ call: String, in folder: OpenedFolder) -> UploadError {
    let cause = SystemCallError(call, errno)
    guard !folder.path.isRoot else { return uploadFailed(call) }
    switch cause.number {
    case EXDEV: return folderElsewhere(folder.path, cause)
    case ENOENT, ESTALE: return folderVanished(folder.path, cause)
    default: return uploadFailed(call)
    }
  }

  /// The error when something else than a directory has the last name of a path of directories. Code `nameTaken`.
  static func notADirectory(_ path: DirectoryPath) -> UploadError {
    let message = "\"\(PlainText.sanitized(path.description))\" exists already, and is not a directory."
    return UploadError(.nameTaken, message + " Use another path.")
  }

  /// The error when a file of that name exists, and the policy allows neither to replace it nor to number the new one.
  package static func nameTaken(_ path: NameBytes) -> UploadError {
    let name = PlainText.sanitized(path.description)
    return UploadError(.nameTaken, "\"\(name)\" exists already. Send the file under another name.")
  }

  /// The error when a directory is on another file system than the upload directory. Code `nameTaken`: only a request
  /// for another path can succeed.
  /// - Parameter cause: the call that failed for it; nil where none did.
  static func folderElsewhere(_ path: DirectoryPath, _ cause: SystemCallError? = nil) -> UploadError {
    let name = PlainText.sanitized(path.description)
    let message = "The directory \"\(name)\" is on another file system than the upload directory."
    return UploadError(.nameTaken, message + " Send the file under another path.", cause: cause)
  }

  /// The error when a directory is removed while files are stored in it. Code `directoryUnavailable`.
  /// - Parameter cause: the call that failed for it; nil where none did.
  static func folderVanished(_ path: DirectoryPath, _ cause: SystemCallError? = nil) -> UploadError {
    let message = "The directory \"\(PlainText.sanitized(path.description))\" was removed while the file was stored."
    return UploadError(.directoryUnavailable, message + " Send the file again.", cause: cause)
  }

  /// The error when the path of the upload directory leads to nothing that files may be stored in now. Clients read the
  /// message, so it names no path.
  /// - Parameter cause: the call that failed; nil where none did.
  /// - Returns: an error with code `directoryUnavailable`.
  static func directoryUnavailable(_ problem: DirectoryLocation.Problem, _ cause: SystemCallError?) -> UploadError {
    let message =
      switch problem {
      case .missing where cause == nil || cause?.number == ENOENT:
        "The upload directory does not exist any more. Create it again on the server, then send the file again."
      case .missing:
        "The upload directory cannot be used any more (\(cause?.reason ?? "")). Check it on the server."
      case .unmounted:
        "The disk with the upload directory is not mounted any more. Mount it again or restart the server."
      case .elsewhere:
        "The path of the upload directory leads to another file system now. Restart the server to use it."
      }
    return UploadError(.directoryUnavailable, message, cause: cause)
  }

  /// The error when the upload directory was replaced by one that cannot be used.
  /// - Parameter cause: why not: a failed call, or an ``UploadError``, whose own cause the message then states.
  /// - Returns: an error with code `directoryUnavailable`.
  static func directoryReplaced(_ cause: any Error) -> UploadError {
    let reason = (cause as? UploadError)?.cause ?? cause
    let message = "The upload directory was replaced by one that nothing can be stored in (\(reason))."
    return UploadError(.directoryUnavailable, message + " Check it on the server.", cause: cause)
  }

  /// The error when an upload began on another file system than that of the upload directory now.
  /// - Parameter cause: the call that failed for it; nil where none did.
  /// - Returns: an error with code `directoryUnavailable`.
  static func directoryMoved(_ cause: (any Error)? = nil) -> UploadError {
    let message = "The upload directory was moved to another file system during the upload. Send the file again."
    return UploadError(.directoryUnavailable, message, cause: cause)
  }

  /// The error when the file system rejects the mode chosen for stored files. Reads `errno`, so make it right after the
  /// failed `fchmod`. Code `badDirectory`.
  static func directoryRejectsMode(_ mode: FileMode, path: String) -> UploadError {
    let cause = SystemCallError("fchmod", errno)
    let message = "The file system of \(PlainText.sanitized(path)) does not support mode \(mode) for files: \(cause)."
    let help = " Omit --file-mode, or name another directory with --dir."
    return UploadError(.badDirectory, message + help, cause: cause)
  }

  /// The error when the directory for uploads cannot be used. Reads `errno`, so make it right after the failed call.
  /// Code `badDirectory`.
  /// - Parameter call: the call's name; `mkdir` means that the directory cannot be created.
  static func directoryUnusable(_ call: String, path: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    let place = PlainText.sanitized(path)
    let message =
      switch cause.number {
      case ENOTDIR, EEXIST: "\(place) is not a directory. Name one with --dir."
      case EROFS: "\(place) is on a read-only file system. Remount it writable, or name another directory with --dir."
      case EACCES where call == "mkdir", EPERM where call == "mkdir", ENOENT where call == "mkdir":
        "The directory \(place) cannot be created: \(cause.reason). Create it, or name another with --dir."
      case EACCES, EPERM:
        "\(place) is not writable (\(cause.reason)). Change its permissions, or name another directory with --dir."
      case ENOENT where call == "open":
        "\(place) is a symbolic link to nothing. Create the directory it names, or name another with --dir."
      default: "\(place) cannot be used for uploads: \(cause). Name another directory with --dir."
      }
    return UploadError(.badDirectory, message, cause: cause)
  }

  /// The error when no file can be created in the directory for uploads, as in /proc. Code `badDirectory`.
  /// - Parameter error: that of the attempt to create one.
  static func directoryRejectsFiles(_ error: UploadError, path: String) -> UploadError {
    let cause = error.cause as? SystemCallError
    let reason =
      switch cause?.number {
      // The directory exists: its file system has no way to create a file in it.
      case ENOENT, EOPNOTSUPP, EINVAL, ENOSYS, EISDIR: "its file system stores no files of users"
      case EACCES, EPERM: "permission denied"
      default: cause?.reason ?? error.message
      }
    let message = "No file can be created in \(PlainText.sanitized(path)): \(reason)."
    return UploadError(.badDirectory, message + " Name another directory with --dir.", cause: error.cause)
  }

  /// The error when the file system of the directory for uploads does not support a call that finalizes each upload.
  /// Reads `errno`, so make it right after the failed call. Code `badDirectory`.
  /// - Parameter call: the call's name; ``directorySync`` for the sync of the directory.
  static func directoryCannotFinalize(_ call: String, path: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    var message = "The file system of \(PlainText.sanitized(path)) cannot finish an upload: \(cause). "
    // Many can sync files but no directory.
    let canSyncFiles = call == directorySync && cause.number == EINVAL
    message += canSyncFiles ? "Choose --durability file, or name" : "Name"
    return UploadError(.badDirectory, message + " another directory with --dir.", cause: cause)
  }
}
