import Glibc
import UploadCore

/// Makes ``UploadError`` values of system calls that failed in the store.
enum StorageError {
  /// What the sync of a directory is called.
  static let directorySync = "fsync of the directory"

  /// A write, sync or link of an upload failed. Reads `errno` first of all.
  static func uploadFailed(_ call: String, in directory: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    let place = PlainText.sanitized(directory)
    switch cause.number {
    case ENOSPC, EDQUOT:
      return UploadError(.diskFull, "No space is left in \(place). Free some and send the file again.", cause: cause)
    case EFBIG:
      return UploadError(.tooLarge, "The file is larger than the file system of \(place) takes.", cause: cause)
    case EMFILE, ENFILE:
      return UploadError(
        .tooManyUploads,
        "The server has too many files open. Try again in a moment.",
        cause: cause
      )
    case ENOENT:
      return UploadError(
        .storageFailed,
        "The directory \(place) is gone. Make it again on the server, then send the file again.",
        cause: cause
      )
    case ENAMETOOLONG, EILSEQ,
      EINVAL where call == "link":
      return UploadError(.badRequest, "The disk does not take that file name. Choose a shorter one.", cause: cause)
    default:
      return UploadError(.storageFailed, "The file could not be stored in \(place): \(cause).", cause: cause)
    }
  }

  /// The directory for uploads cannot be used. Reads `errno` first of all.
  static func directoryUnusable(_ call: String, path: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    let place = PlainText.sanitized(path)
    let message =
      switch cause.number {
      case ENOTDIR, EEXIST: "\(place) is not a directory. Name one with --dir."
      case EACCES, EPERM, EROFS:
        "\(place) is not writable (\(cause.reason)). Change its rights or name another with --dir."
      default: "\(place) cannot be used for uploads: \(cause). Name another directory with --dir."
      }
    return UploadError(.badDirectory, message, cause: cause)
  }

  /// The file system of the directory for uploads cannot do what each of them ends with. Reads `errno` first of all.
  static func directoryCannotFinish(_ call: String, path: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    var message = "The file system of \(PlainText.sanitized(path)) cannot finish an upload: \(cause). "
    // Many can sync files but no directory.
    let canSyncFiles = call == directorySync && cause.number == EINVAL
    message += canSyncFiles ? "Choose --durability file, or name" : "Name"
    return UploadError(.badDirectory, message + " another directory with --dir.", cause: cause)
  }
}
