import DashboardApp
import Glibc
import UploadCore

/// Where the test mode puts its files, and what it has to remove afterwards.
struct HeadlessWorkspace: Sendable {
  /// Uploads end up here.
  let uploads: String
  /// Generated files are here.
  let generated: String
  private let root: String
  private let madeUploads: Bool

  /// - Parameter directory: for uploads, where the user named one.
  /// - Throws: ``UploadError`` with code `badDirectory` when there is no place for temporary files.
  init(directory: String?) throws(UploadError) {
    root = try TemporaryPlace.make("sluice-headless")
    generated = root
    uploads = directory ?? root + "/uploads"
    madeUploads = access(uploads, F_OK) != 0
  }

  /// Removes stored files by name, in a directory that may hold others.
  func removeStored(_ names: [String]) {
    for name in names { unlink("\(uploads)/\(name)") }
  }

  /// Removes all that was made: generated files, and directories. In a directory of its own that includes what the server
  /// stored although the client had given up on it by then.
  /// - Parameter keepingFiles: remove only directories that nothing was put into.
  func remove(keepingFiles: Bool) {
    if !keepingFiles {
      if madeUploads { removeStored(DirectoryNames.read(uploads)) }
      for name in DirectoryNames.read(root) where name.hasPrefix("sample-") { unlink("\(root)/\(name)") }
    }
    if madeUploads { rmdir(uploads) }
    rmdir(root)
  }
}
