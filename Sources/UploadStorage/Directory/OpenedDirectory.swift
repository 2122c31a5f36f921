import Glibc
import Synchronization
import UploadCore

/// One directory that an ``UploadDirectory`` stores files in as long as its path leads there, with the directories
/// beneath it. Calls block. Uploads that began in it retain it when another directory has replaced it.
final class OpenedDirectory: Sendable {
  /// The directories beneath it.
  let folders: OpenedFolders
  let location: DirectoryLocation
  let calls: FileCalls
  /// Locked while a file replaces another: comparing and replacing must not interleave with another replacement.
  let replacing = Mutex<Void>(())

  /// The directory itself.
  var root: OpenedFolder { folders.root }
  /// Negative when the directory could not be opened.
  var descriptor: Int32 { root.descriptor }
  var device: UInt64 { location.identity.device }

  /// Opens the directory that a path leads to. Where that fails ``descriptor`` is negative, with the reason in `errno`.
  init(path: String, calls: FileCalls) {
    self.calls = calls
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let error = errno
    let identity = FileStatus(descriptor: descriptor)?.identity ?? FileIdentity(device: 0, inode: 0)
    folders = OpenedFolders(root: OpenedFolder(root: descriptor, identity: identity, calls: calls))
    // A directory that replaces it in between differs from the open one at the next check.
    location = DirectoryLocation(identity: identity, mountPoint: DirectoryLocation(path: path)?.mountPoint ?? "/")
    if descriptor < 0 { errno = error }
  }

  /// Whether files may be created in it; otherwise `errno` is the reason.
  var isWritable: Bool { faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 }

  /// Removes unfinished files that a crash left: unfinished by their names, and locked by no process. Ignores failures.
  func sweep() {
    for name in DirectoryNames.read(descriptor: calls.openAgain(descriptor)) where FileName.isPartial(name) {
      let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
      // Some network file systems lock only files open for writing, which --file-mode may forbid.
      var file = openat(descriptor, name.cString, O_RDWR | flags)
      if file < 0, errno == EACCES { file = openat(descriptor, name.cString, O_RDONLY | flags) }
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { root.remove(name) }
      close(file)
    }
  }

  /// The status of the file at a path now: of a link itself, not of its target. Nil when there is none, or its status
  /// cannot be read.
  /// - Throws: ``UploadError`` with code `nameTaken` when a component is something else than a directory.
  private func entry(at path: FilePath) throws(UploadError) -> FileStatus? {
    do throws(UploadError) {
      return try folders.find(path.directory)?.entry(at: path.name.bytes)
    } catch {
      if error.code == .nameTaken { throw error }
      // The upload may succeed: the directory is opened again when it is published.
      return nil
    }
  }

  /// Checks a condition against the file that is at the condition's path now, or against none where there is no file, and
  /// whether a file could be published there.
  /// - Parameter onDuplicate: what happens when a file of that name exists.
  /// - Throws: what the condition throws; ``UploadError`` with code `nameTaken` when a component is something else than a
  ///   directory, or the policy does not allow another file of that name.
  func check(_ condition: PublishCondition, onDuplicate: DuplicatePolicy) throws(UploadError) {
    guard let path = condition.path else { return try condition.check(nil) }
    let entry: FileStatus?
    do throws(UploadError) {
      entry = try self.entry(at: path)
    } catch {
      // No file can be there.
      try condition.check(nil)
      throw error
    }
    try condition.check(entry?.version)
    guard let entry else { return }
    switch onDuplicate {
    case .rename: break
    case .error: throw StorageError.nameTaken(path.bytes)
    // A path that was altered is numbered.
    case .replace: if !entry.isReplaceable, !path.wasAltered { throw StorageError.nameTaken(path.bytes) }
    }
  }
}

/// The directory that a path leads to, and the mount point of its file system.
struct DirectoryLocation: Hashable, Sendable {
  let identity: FileIdentity
  /// The topmost ancestor on the same device, or the directory itself; absolute and without links.
  let mountPoint: String
}

extension DirectoryLocation {
  /// Where the path of the directory that a server stores files in leads now.
  enum Change: Equatable {
    /// The path leads to the same directory.
    case none
    /// It leads to another one, which replaces it.
    case replaced
    /// It leads to nothing, or to something that files must not be stored in.
    case unavailable(Problem)
  }

  /// Why nothing can be stored under the path now.
  enum Problem: Equatable {
    /// There is no directory at the path any more.
    case missing
    /// The disk with the directory is not mounted any more.
    case unmounted
    /// The path leads to another file system, and the old one is still mounted: a link was changed, say.
    case elsewhere
  }

  /// Compares this directory, which is open, with what its path leads to now.
  ///
  /// Another directory replaces it when it is on the same device, or when the mount point of its file system is this
  /// directory's mount point or lies below it. It does not when only an empty mount point is left of an unmounted disk:
  /// files stored in the bare mount point would fill the disk below, and disappear when the disk is back.
  /// - Parameters:
  ///   - found: where the path leads; nil when it leads to no directory.
  ///   - deviceAtMountPoint: the device at this directory's mount point now; nil when nothing is there.
  func change(to found: DirectoryLocation?, deviceAtMountPoint: UInt64?) -> Change {
    let isMounted = deviceAtMountPoint == identity.device
    guard let found else { return .unavailable(isMounted ? .missing : .unmounted) }
    if found.identity == identity { return .none }
    if found.identity.device == identity.device || isCovered(by: found.mountPoint) { return .replaced }
    return .unavailable(isMounted ? .elsewhere : .unmounted)
  }

  /// Whether a file system at `other` is mounted over this directory's, or in its place.
  private func isCovered(by other: String) -> Bool {
    if mountPoint == "/" { return other != "/" }
    return other == mountPoint || other.utf8.starts(with: (mountPoint + "/").utf8)
  }

  // MARK: Paths

  /// Where `path` leads now; blocks.
  /// - Returns: nil with `errno` when it leads to no directory.
  init?(path: String) {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    guard let status = FileStatus(path: real) else { return nil }
    guard status.isDirectory else {
      errno = ENOTDIR
      return nil
    }
    identity = status.identity
    mountPoint = Self.mountPoint(of: String(cString: real), device: identity.device)
  }

  private static func mountPoint(of path: String, device: UInt64) -> String {
    var path = path
    while path != "/", let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
      let parent = slash == path.startIndex ? "/" : String(path[..<slash])
      guard FileStatus(path: parent)?.identity.device == device else { break }
      path = parent
    }
    return path
  }
}
