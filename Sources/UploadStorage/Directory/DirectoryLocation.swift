import Glibc

/// Distinguishes files and directories while they exist: two names with the same identity lead to the same file.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64

  init(device: UInt64, inode: UInt64) {
    (self.device, self.inode) = (device, inode)
  }

  init(_ status: stat) {
    self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// What a path leads to, links followed; nil with `errno` when that is not known.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// Where a directory lies: which one it is, and below which mount point.
struct DirectoryLocation: Hashable, Sendable {
  let identity: FileIdentity
  /// The topmost ancestor on the same device, or the directory itself; absolute and without links.
  let mountPoint: String
}

extension DirectoryLocation {
  /// What the path of the directory that a server stores files in leads to now.
  enum Change: Equatable {
    /// The path leads to the same directory.
    case none
    /// It leads to another one, which replaces it.
    case replaced
    /// It leads to nothing, or to nothing that files may be stored in.
    case unavailable(Problem)
  }

  enum Problem: Equatable {
    /// The directory no longer exists.
    case missing
    /// The disk that it lies on is not mounted any more.
    case unmounted
    /// The path leads to another file system that was there before.
    case elsewhere
  }

  /// Compares this directory, which is open, with what its path leads to now.
  ///
  /// Another directory replaces it when it is on the same device, or when its path has become or lies below a mount point at
  /// least as deep as before. Never when a disk was unmounted: what is stored under the bare mount point would
  /// fill the disk below, and disappear when the first disk is mounted again.
  /// - Parameters:
  ///   - found: where the path leads; nil when it leads to no directory.
  ///   - deviceAtMountPoint: of what is at this directory's mount point now; nil when nothing is.
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
}

extension DirectoryLocation {
  /// Where `path` leads now; blocks.
  /// - Returns: nil with `errno` when it leads to no directory.
  init?(path: String) {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    var status = stat()
    guard stat(real, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      errno = ENOTDIR
      return nil
    }
    identity = FileIdentity(status)
    mountPoint = Self.mountPoint(of: String(cString: real), device: identity.device)
  }

  private static func mountPoint(of path: String, device: UInt64) -> String {
    var path = path
    while path != "/", let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
      let parent = slash == path.startIndex ? "/" : String(path[..<slash])
      guard FileIdentity(path: parent)?.device == device else { break }
      path = parent
    }
    return path
  }
}
