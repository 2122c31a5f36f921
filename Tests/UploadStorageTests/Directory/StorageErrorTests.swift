import Glibc
import Testing
import UploadCore

@testable import UploadStorage

@Suite struct StorageErrorTests {
  @Test(arguments: [
    (ENOSPC, "write", UploadError.Code.diskFull), (EDQUOT, "write", .diskFull), (EIO, "fsync", .storageFailed),
    (EMFILE, "open", .tooManyUploads), (ENFILE, "open", .tooManyUploads), (ENAMETOOLONG, "link", .badRequest),
    (EILSEQ, "rename", .badRequest), (EINVAL, "link", .badRequest), (EINVAL, "write", .storageFailed),
    (EFBIG, "fallocate", .tooLarge), (ENOENT, "link", .directoryUnavailable),
  ])
  func `a failed call is reported with the error code for its errno, and with the call as the cause`(
    number: Int32,
    call: String,
    code: UploadError.Code
  ) throws {
    errno = number
    let error = StorageError.uploadFailed(call)
    #expect(error.code == code)
    let cause = try #require(error.cause as? SystemCallError)
    #expect((cause.call, cause.number) == (call, number))
  }

  @Test(arguments: [
    (ENOTDIR, "is not a directory"), (EEXIST, "is not a directory"), (EACCES, "is not writable (Permission denied)"),
    (EROFS, "is on a read-only file system"), (EIO, "cannot be used for uploads: open: Input/output error"),
  ])
  func `a directory that cannot be used is reported with its path, the reason and the option to name another`(
    number: Int32,
    words: String
  ) {
    errno = number
    let error = StorageError.directoryUnusable("open", path: "/srv")
    #expect(error.code == .badDirectory)
    #expect(error.message.contains("/srv \(words)"))
    #expect(error.message.contains("--dir"))
  }

  @Test(arguments: [(ENOENT, "stores no files of users"), (EACCES, "permission denied"), (ENOSPC, "No space left")])
  func `a directory in which no file can be created is reported with the reason`(number: Int32, words: String) {
    errno = number
    let error = StorageError.directoryRejectsFiles(StorageError.uploadFailed("open"), path: "/srv")
    #expect(error.code == .badDirectory)
    #expect(error.message.hasPrefix("No file can be created in /srv: ") && error.message.contains(words))
    #expect(error.message.hasSuffix("Name another directory with --dir."))
  }
}
