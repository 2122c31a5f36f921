import Glibc
import Synchronization
import UploadCore

/// The directories beneath one upload directory: opens and makes them, component by component, and keeps those open
/// that were used last, so that the files of a tree do not open them again. Calls block.
///
/// Each component is opened in the directory before it, by its name alone and without following links. What is kept open
/// is compared with what its name leads to before each use; a directory that was removed or replaced is opened, or made,
/// again.
final class OpenedFolders: Sendable {
  /// How often a directory may vanish while it is opened before the upload fails.
  private static let maxVanished = 100

  let root: OpenedFolder
  private let cache = Mutex(FolderCache())
  /// Locked while a directory is opened or made: so a request that finds one that was just made knows that it must be
  /// synced.
  private let opening = Mutex<Void>(())

  init(root: OpenedFolder) {
    self.root = root
  }

  /// Opens a directory.
  /// - Returns: nil when there is none.
  /// - Throws: ``UploadError``, with code `nameTaken` when a component is something else than a directory.
  func find(_ path: DirectoryPath) throws(UploadError) -> OpenedFolder? {
    let walk = cache.withLock { $0.beginWalk() }
    var folder = root
    for depth in path.components.indices {
      guard let next = try child(path, depth, of: folder, walk, opened) else { return nil }
      folder = next
    }
    return folder
  }

  /// Opens a directory, and makes it and its parents where they are missing.
  /// - Parameters:
  ///   - needsSync: whether the names of new directories have to be synced before a file in them is stored.
  ///   - made: gets those that this has made, parents first, also when it fails.
  /// - Throws: ``UploadError``, with code `nameTaken` when a component is something else than a directory.
  func make(
    _ path: DirectoryPath,
    needsSync: Bool,
    _ made: inout [OpenedFolder]
  ) throws(UploadError) -> OpenedFolder {
    for _ in 0..<Self.maxVanished {
      if let folder = try makeOnce(path, needsSync: needsSync, &made) { return folder }
    }
    throw StorageError.folderVanished(path)
  }

  /// - Returns: nil when a directory was removed in between.
  private func makeOnce(
    _ path: DirectoryPath,
    needsSync: Bool,
    _ made: inout [OpenedFolder]
  ) throws(UploadError) -> OpenedFolder? {
    let walk = cache.withLock { $0.beginWalk() }
    var folder = root
    for depth in path.components.indices {
      let next = try child(path, depth, of: folder, walk) { (path, parent) throws(UploadError) in
        if let existing = try opened(path, parent) { return existing }
        let isMade = try makeChild(path, parent)
        guard let folder = try opened(path, parent), isMade else { return nil }
        folder.needsSync.store(needsSync, ordering: .releasing)
        made.append(folder)
        return folder
      }
      guard let next else { return nil }
      folder = next
    }
    return folder
  }

  /// Removes directories that ``make(_:needsSync:_:)`` has made, if they are empty. Ignores failures.
  func remove(_ made: [OpenedFolder]) {
    for folder in made.reversed() {
      guard let parent = folder.parent, let name = folder.path.components.last?.bytes,
        parent.entry(at: name)?.identity == folder.identity,
        unlinkat(parent.descriptor, name.cString, AT_REMOVEDIR) == 0
      else { continue }
      cache.withLock { $0.remove(folder) }
    }
  }

  // MARK: One component

  /// The directory that a component of a path leads to now: one that is open, or that `open` opens.
  private func child(
    _ path: DirectoryPath,
    _ depth: Int,
    of parent: OpenedFolder,
    _ walk: FolderCache.Walk,
    _ open: (DirectoryPath, OpenedFolder) throws(UploadError) -> OpenedFolder?
  ) throws(UploadError) -> OpenedFolder? {
    let name = path.components[depth].bytes
    if let folder = cached(name, in: parent, walk) { return folder }
    return try opening.withLock { _ throws(UploadError) in
      // Another thread may have opened it while this one waited.
      if let folder = cached(name, in: parent, walk) { return folder }
      guard depth > 0 || !root.isUnfinishedDirectory(name) else { throw StorageError.notADirectory(path) }
      let beginning = DirectoryPath(components: Array(path.components[...depth]))
      guard let folder = try open(beginning, parent) else { return nil }
      cache.withLock { $0.insert(folder, name, walk) }
      return folder
    }
  }

  private func cached(_ name: NameBytes, in parent: OpenedFolder, _ walk: FolderCache.Walk) -> OpenedFolder? {
    guard let folder = cache.withLock({ $0.find(name, in: parent, walk) }) else { return nil }
    // Its inode is not used again while it is open.
    if parent.entry(at: name)?.identity == folder.identity { return folder }
    cache.withLock { $0.remove(folder) }
    return nil
  }

  /// Opens the last component of a path.
  /// - Returns: nil when there is nothing of that name.
  private func opened(_ path: DirectoryPath, _ parent: OpenedFolder) throws(UploadError) -> OpenedFolder? {
    guard let name = path.components.last?.bytes else { return parent }
    var descriptor = DescriptorReserve.openFile { parent.calls.openDirectory(parent.descriptor, name) }
    if descriptor < 0, errno == EMFILE {
      cache.withLock { $0.removeAll() }
      descriptor = DescriptorReserve.openFile { parent.calls.openDirectory(parent.descriptor, name) }
    }
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: return nil
      case ENOTDIR, ELOOP: throw StorageError.notADirectory(path)
      default: throw StorageError.uploadFailed("open")
      }
    }
    guard let folder = OpenedFolder(descriptor, path: path, in: parent) else {
      throw StorageError.uploadFailed("fstat")
    }
    return folder
  }

  /// Makes the last component of a path.
  /// - Returns: false when another program has made it in between, or has removed its parent.
  private func makeChild(_ path: DirectoryPath, _ parent: OpenedFolder) throws(UploadError) -> Bool {
    guard let name = path.components.last?.bytes else { return false }
    if parent.calls.makeDirectory(parent.descriptor, name) == 0 { return true }
    // The upload directory itself is checked before each publication.
    guard errno == EEXIST || errno == ENOENT && parent.parent != nil else { throw StorageError.uploadFailed("mkdir") }
    return false
  }
}

/// Directories that are kept open, at most as many as ``DescriptorReserve`` allows. Makes no system call, except that it
/// closes those it removes.
private struct FolderCache {
  /// All components of one path are used in one walk.
  typealias Walk = UInt64

  private struct Key: Hashable {
    /// Retained by the folder that has this key.
    let parent: ObjectIdentifier
    let name: NameBytes

    init(_ parent: OpenedFolder, _ name: NameBytes) {
      (self.parent, self.name) = (ObjectIdentifier(parent), name)
    }
  }

  private var folders: [Key: (folder: OpenedFolder, walk: Walk)] = [:]
  private var walks: Walk = 0

  mutating func beginWalk() -> Walk {
    walks += 1
    return walks
  }

  mutating func find(_ name: NameBytes, in parent: OpenedFolder, _ walk: Walk) -> OpenedFolder? {
    let key = Key(parent, name)
    guard let folder = folders[key]?.folder else { return nil }
    folders[key]?.walk = walk
    return folder
  }

  mutating func insert(_ folder: OpenedFolder, _ name: NameBytes, _ walk: Walk) {
    guard let parent = folder.parent else { return }
    folders[Key(parent, name)] = (folder, walk)
    while folders.count > DescriptorReserve.foldersAtOnce, let oldest { folders[oldest] = nil }
  }

  mutating func remove(_ folder: OpenedFolder) {
    for (key, entry) in folders where entry.folder === folder { folders[key] = nil }
  }

  /// Removes all that need not be known.
  mutating func removeAll() {
    folders = folders.filter { $0.value.folder.needsSync.load(ordering: .acquiring) }
  }

  /// The one used the longest time ago; of one path the innermost, since that retains the others. One that has to be
  /// synced stays, so that the next upload into it knows that.
  private var oldest: Key? {
    folders.filter { !$0.value.folder.needsSync.load(ordering: .acquiring) }
      .min { one, other in
        if one.value.walk != other.value.walk { return one.value.walk < other.value.walk }
        return one.value.folder.path.components.count > other.value.folder.path.components.count
      }?
      .key
  }
}
