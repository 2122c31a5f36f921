import UploadCore

/// Looks up directories for files that are stored together, in an open upload directory.
///
/// The files of a tree arrive one directory after the other. So the directory that was looked up last is kept, and the next
/// file in it needs no look at each component of its path. Use one only for the moment that a group takes: a directory
/// that is moved meanwhile still gets the group's files, as if they had been stored just before. Not `Sendable`. Calls block.
final class FolderLookup {
  let place: OpenedDirectory
  private var last: (path: DirectoryPath, folder: OpenedFolder?)?

  init(_ place: OpenedDirectory) { self.place = place }

  /// Opens a directory as ``OpenedFolders/find(_:)`` does.
  /// - Returns: nil when there was none.
  func find(_ path: DirectoryPath) throws(UploadError) -> OpenedFolder? {
    if path.isRoot { return place.root }
    if let last, last.path == path { return last.folder }
    let folder = try place.folders.find(path)
    last = (path, folder)
    return folder
  }

  /// Opens a directory, or makes it, as ``OpenedFolders/make(_:needsSync:_:)`` does.
  func make(
    _ path: DirectoryPath,
    needsSync: Bool,
    _ made: inout [OpenedFolder]
  ) throws(UploadError) -> OpenedFolder {
    if path.isRoot { return place.root }
    if let folder = last?.folder, last?.path == path { return folder }
    let folder = try place.folders.make(path, needsSync: needsSync, &made)
    last = (path, folder)
    return folder
  }

  /// Looks the next directory up again: the last one is gone.
  func forget() { last = nil }
}
