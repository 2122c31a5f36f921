import CLinux
import Glibc
import UploadCore

/// A directory to be listed: the upload directory, or one beneath it. All calls block, and open it again.
struct ListedDirectory: Sendable {
  let reader: UploadDirectoryReader
  /// Its exact path beneath the upload directory; empty for that itself.
  let path: NameBytes

  /// Its state now; the same as no other stamp when there is no such directory.
  var stamp: DirectoryStamp {
    let descriptor = reader.openDirectory(path) ?? -1
    defer { if descriptor >= 0 { close(descriptor) } }
    return DirectoryStamp(descriptor: descriptor)
  }

  /// Opens a file in it by its name.
  func open(_ name: NameBytes) -> OpenDiskFile? {
    reader.open(path.isEmpty ? name : NameBytes(path.bytes + "/".utf8 + name.bytes))
  }

  /// Calls `body` with all names in it, those of links and unfinished files too, in no order; each is valid during the
  /// call. Ends early when the directory cannot be read.
  /// - Throws: ``UploadError`` with code `notFound` when there is no such directory.
  func visitNames(_ body: (UnsafePointer<CChar>) -> Void) throws(UploadError) {
    DirectoryNames.visit(descriptor: try opened(), body)
  }

  /// Calls `body` with the names of directories and regular files, without unfinished ones, in no order.
  /// - Parameter body: gets each name, valid during the call, the time of its last change in seconds since 1970, and
  ///   whether it is a directory.
  /// - Throws: ``UploadError`` with code `notFound` when there is no such directory.
  func visitEntries(_ body: (UnsafePointer<CChar>, Int64, Bool) -> Void) throws(UploadError) {
    let descriptor = try opened()
    defer { close(descriptor) }
    DirectoryNames.visit(descriptor: reader.directory.calls.openAgain(descriptor)) { name in
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
      let modified = clinux_modified_seconds(&status)
      let kind = FileStatus(status)
      guard kind.isFile || kind.isDirectory, !isOwn(NameBytes(cString: name)) else { return }
      body(name, modified, kind.isDirectory)
    }
  }

  /// Whether a name belongs to the store itself.
  private func isOwn(_ name: NameBytes) -> Bool {
    path.isEmpty ? reader.directory.root.isUnfinishedDirectory(name) : FileName.isReserved(name)
  }

  private func opened() throws(UploadError) -> Int32 {
    if let descriptor = reader.openDirectory(path) { return descriptor }
    throw UploadError(
      .notFound,
      "Directory not found: \"\(PlainText.sanitized(path.description))\". List the directory above it for what there is."
    )
  }
}

/// The state of a directory at one time, by its inode, size and time of change. Compare two with ``isSame(as:)``.
struct DirectoryStamp: Sendable {
  private var version: FileVersion?
  /// Whether the last change was so long ago that a later one has another time.
  private var isSettled = false

  /// The stamp of an open directory now; blocks. The same as no other stamp when its status cannot be read.
  init(descriptor: Int32) {
    var now = timespec()
    guard clock_gettime(CLOCK_REALTIME, &now) == 0, let status = FileStatus(descriptor: descriptor) else { return }
    version = status.version
    let time = Duration.seconds(Int64(now.tv_sec)) + .nanoseconds(Int64(now.tv_nsec))
    isSettled = Self.isSettled(status.content, at: time)
  }

  /// Whether the last change was more than 100 ms ago, so that one after it would have another time: most file systems
  /// count time in the kernel's ticks of up to 10 ms.
  /// - Parameter now: the time since 1970.
  static func isSettled(_ content: ContentVersion, at now: Duration) -> Bool {
    now - content.modified > .milliseconds(100)
  }

  /// Whether the directory is unchanged between the earlier stamp and this one. False also where that cannot be told:
  /// the directory had been changed within 100 ms before the earlier one, or its status could not be read.
  func isSame(as earlier: DirectoryStamp) -> Bool { earlier.isSettled && version == earlier.version }
}
