import DashboardApp
import Glibc
import UploadCore

/// Where the comparison puts its files for as long as it needs them.
struct CompareWorkspace: Sendable {
  /// The servers' directory; holds one copy at most.
  let uploads: String
  /// A file made for the comparison.
  let sample: String
  private let root: String

  /// - Parameter parent: where the directory is made; the place for temporary files when nil.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(in parent: String?) throws(UploadError) {
    root = try TemporaryPlace.make("sluice-compare", in: parent)
    uploads = root + "/uploads"
    sample = root + "/sample.bin"
    guard mkdir(uploads, 0o700) == 0 else {
      let cause = SystemCallError("mkdir", errno)
      rmdir(root)
      throw UploadError(.badDirectory, "No directory can be made in \(root): \(cause.reason).", cause: cause)
    }
  }

  /// Makes sure that there is room for `bytes`.
  /// - Throws: ``UploadError`` with code `diskFull` that says how much there is.
  func checkRoom(for bytes: UInt64) throws(UploadError) {
    var status = statvfs()
    guard statvfs(root, &status) == 0, status.f_blocks > 0 else { return }
    let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    guard !overflow, free < bytes else { return }
    throw UploadError(
      .diskFull,
      "\(ByteSize.text(bytes)) are needed for the copies, \(ByteSize.text(free)) are free. "
        + "Free some space, or name another place with --dir."
    )
  }

  /// What the server has stored; nil unless it is one file.
  var stored: String? {
    let names = DirectoryNames.read(uploads)
    return names.count == 1 ? names.first.map { "\(uploads)/\($0)" } : nil
  }

  /// Removes what the server has left: the copy, or a part of it where it was ended.
  func clear() {
    for name in DirectoryNames.read(uploads) { unlink("\(uploads)/\(name)") }
  }

  func remove() {
    clear()
    unlink(sample)
    rmdir(uploads)
    rmdir(root)
  }
}
