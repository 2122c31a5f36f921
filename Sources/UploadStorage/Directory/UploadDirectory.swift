import CLinux
import Glibc
import NIOCore
import Synchronization
package import UploadCore

/// The directory that uploads are stored in: its descriptor, what its file system supports, and the creation of new files.
/// ``UploadDirectoryReader`` reads it, ``DirectoryPublisher`` gives files their names.
///
/// Files in it are reached beneath a descriptor, never by path. But the directory that the path leads to is compared
/// with the open one whenever an upload begins, has been written for some time or is published, and before reads.
package final class UploadDirectory: Sendable {
  /// As the user wrote it, perhaps relative.
  package let path: String
  /// Of the directory that files are stored in now, for reading it. Valid as long as this object: a directory that
  /// replaces the first gets the same number.
  let descriptor: Int32
  let calls: FileCalls
  let space: FreeSpace
  /// The permissions of stored files; nil for 0666 less the umask, or what the directory's default access list says.
  let fileMode: FileMode?
  private let durability: Durability
  /// While an upload is written, the path is checked this often, in nanoseconds.
  private let pathCheckInterval: Int64
  private let opened: Mutex<OpenedDirectory>
  /// Locked while the directory that the path leads to is opened.
  private let opening = Mutex<Void>(())

  // What the file system supports: probed when the directory is opened, or learned from the first call that it rejects.

  /// Whether unnamed files (`O_TMPFILE`) can be created: true until the first is rejected, and again when a directory
  /// on another file system replaces this one.
  let supportsUnnamed = Atomic<Bool>(true)
  /// Whether files can be written past the page cache (`O_DIRECT`): probed, and false once such a write is rejected.
  let supportsDirect = Atomic<Bool>(false)
  /// Whether blocks can be reserved: true until the first reserve is rejected, and again when a directory on another
  /// file system replaces this one.
  let supportsReserve = Atomic<Bool>(true)

  /// Opens a directory, creates it first if it is missing, and deletes unfinished files that a crash has left; blocks.
  /// - Parameters:
  ///   - path: absolute, or relative to the working directory. Missing parents are created too.
  ///   - calls: the system calls that write files; failing ones in tests.
  ///   - minFree: how much space stays free.
  ///   - durability: of the uploads: with `full` a file system that cannot sync a directory is rejected now.
  ///   - fileMode: permissions of stored files; nil for 0666 less the umask, or what the directory's default access
  ///     list says.
  ///   - pathCheckInterval: how often the path is checked while an upload is written.
  /// - Throws: ``UploadError`` with code `badDirectory` when it is not a directory or cannot be created, or when files
  ///   cannot be stored there with these settings.
  package init(
    path: String,
    calls: FileCalls = FileCalls(),
    minFree: SizeSetting = 0,
    durability: Durability = .none,
    fileMode: FileMode? = nil,
    pathCheckInterval: Duration = .seconds(5)
  ) throws(UploadError) {
    self.path = path
    self.calls = calls
    self.durability = durability
    self.fileMode = fileMode
    self.pathCheckInterval = Int64(pathCheckInterval / .nanoseconds(1))
    guard !path.isEmpty else {
      throw UploadError(.badDirectory, "The path of the directory for uploads is empty. Name one with --dir.")
    }
    if access(path, F_OK) != 0 { try Self.make(path) }
    let place = OpenedDirectory(path: path, calls: calls)
    guard place.descriptor >= 0 else { throw StorageError.directoryUnusable("open", path: path) }
    let descriptor = fcntl(place.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw StorageError.directoryUnusable("open", path: path) }
    self.descriptor = descriptor
    space = FreeSpace(keeping: minFree) { calls.freeSpace(descriptor) }
    opened = Mutex(place)
    guard place.isWritable else { throw StorageError.directoryUnusable("access", path: path) }
    try probe(place)
    place.sweep()
  }

  deinit {
    close(descriptor)
  }

  private static func make(_ path: String) throws(UploadError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      guard mkdir(String(path[..<end]), 0o755) == 0 || errno == EEXIST else {
        throw StorageError.directoryUnusable("mkdir", path: path)
      }
    }
  }

  /// Free bytes on its file system; nil when that does not report them.
  package var freeSpace: UInt64? { calls.freeSpace(descriptor) }

  /// The directory that files are stored in now.
  var root: OpenedFolder { opened.withLock { $0 }.root }

  // MARK: Path

  /// The directory that the path leads to now: the open one, or the one that has replaced it, which is opened; blocks.
  /// - Throws: ``UploadError`` with code `directoryUnavailable` when nothing can be stored there now.
  @discardableResult
  func current() throws(UploadError) -> OpenedDirectory {
    let place = opened.withLock { $0 }
    if FileStatus(path: path)?.identity == place.location.identity { return place }
    return try opening.withLock { _ throws(UploadError) in try followed() }
  }

  /// The open directory, or the one that its path leads to now if that may replace it.
  private func followed() throws(UploadError) -> OpenedDirectory {
    let place = opened.withLock { $0 }
    errno = 0
    let found = DirectoryLocation(path: path)
    let error = errno
    let mounted = FileStatus(path: place.location.mountPoint)?.identity.device
    switch place.location.change(to: found, deviceAtMountPoint: mounted) {
    case .none: return place
    case .replaced: return try replaced(place)
    case .unavailable(let problem):
      throw StorageError.directoryUnavailable(problem, error == 0 ? nil : SystemCallError("stat", error))
    }
  }

  private func replaced(_ old: OpenedDirectory) throws(UploadError) -> OpenedDirectory {
    let place = OpenedDirectory(path: path, calls: calls)
    guard place.descriptor >= 0, place.isWritable else {
      throw StorageError.directoryReplaced(SystemCallError("open", errno))
    }
    if place.device != old.device {
      supportsUnnamed.store(true, ordering: .relaxed)
      supportsReserve.store(true, ordering: .relaxed)
    }
    do throws(UploadError) {
      try probe(place)
    } catch {
      throw StorageError.directoryReplaced(error)
    }
    guard clinux_replace(descriptor, place.descriptor) == 0 else {
      throw StorageError.directoryReplaced(SystemCallError("dup3", errno))
    }
    place.sweep()
    opened.withLock { $0 = place }
    return place
  }

  /// Checks whether the path still leads to the upload's directory, or to another one on the same file system, unless
  /// that was done for this upload within the check interval. Blocks: call it on a thread of the store.
  /// - Parameters:
  ///   - place: the directory in which the upload began.
  ///   - last: when this last checked for the upload, in nanoseconds of `NIODeadline`; updated. 0 before the first
  ///     call, which checks nothing: the upload's file has just been created.
  /// - Throws: ``UploadError`` with code `directoryUnavailable` when it leads to none or to another file system.
  func check(_ place: OpenedDirectory, last: borrowing Atomic<Int64>) throws(UploadError) {
    let now = Int64(NIODeadline.now().uptimeNanoseconds)
    let before = last.load(ordering: .relaxed)
    if before == 0 { return last.store(now, ordering: .relaxed) }
    guard now - before >= pathCheckInterval,
      last.compareExchange(expected: before, desired: now, ordering: .relaxed).exchanged
    else { return }
    if try current().device != place.device { throw StorageError.directoryMoved() }
  }

  // MARK: Files

  /// Creates an empty file without a name, or with a hidden one where the file system does not support that, in the
  /// directory that the path leads to now; blocks.
  /// - Throws: ``UploadError`` with code `directoryUnavailable`, `diskFull`, `tooManyUploads` or `storageFailed`.
  package func createPartial() throws(UploadError) -> PartialFile {
    try createPartial(in: FolderLookup(current()))
  }

  /// Creates a file as ``createPartial()`` does and throws the same errors, in a directory that was opened before.
  /// - Parameters:
  ///   - lookup: in that directory.
  ///   - folder: where the file is to be stored. An unnamed file is created there if the directory exists: file systems
  ///     place a file near the directory that it was created in, and it inherits that directory's group and default
  ///     access list.
  func createPartial(
    in lookup: FolderLookup,
    for folder: DirectoryPath = .root
  ) throws(UploadError) -> PartialFile {
    let place = lookup.place
    if supportsUnnamed.load(ordering: .relaxed) {
      // Why a directory cannot be opened is reported when the file gets its name.
      let existing = try? lookup.find(folder)
      let file = DescriptorReserve.openFile { calls.openUnnamed(existing?.descriptor ?? place.descriptor) }
      if file >= 0 { return PartialFile(descriptor: file, hiddenName: nil, directory: self, place: place) }
      // With these the kernel or the file system does not support unnamed files; others are real failures.
      guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else { throw StorageError.uploadFailed("open") }
      supportsUnnamed.store(false, ordering: .relaxed)
    }
    return try createHidden(in: place)
  }

  /// Creates a hidden file, locked as long as it is open so that no sweep of another server removes it; blocks.
  /// - Parameter lock: locks a file without waiting; 0, or a negative number with `errno` set. Tests replace it.
  /// - Throws: ``UploadError`` with code `directoryUnavailable`, `diskFull`, `tooManyUploads` or `storageFailed`.
  func createHidden(
    in place: OpenedDirectory,
    lock: (Int32) -> Int32 = { flock($0, LOCK_EX | LOCK_NB) }
  ) throws(UploadError) -> PartialFile {
    while true {
      let name = Self.hiddenName()
      let file = DescriptorReserve.openFile {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        return openat(place.descriptor, name, flags, FileMode.unrestricted)
      }
      if file < 0, errno == EEXIST { continue }
      func failure(_ call: String) -> UploadError {
        let error = StorageError.uploadFailed(call)
        unlinkat(place.descriptor, name, 0)
        DescriptorReserve.closeFile(file)
        return error
      }
      // It may have been created, and closed as one descriptor too many.
      guard file >= 0 else { throw failure("open") }
      // Between open and lock another server may have swept it: then it has no name any more, and another is created.
      let isLocked = lock(file) == 0
      // The file system has no locks: another attempt would only leave more files.
      guard isLocked || errno == EWOULDBLOCK else { throw failure("flock") }
      if isLocked, FileStatus(descriptor: file)?.hasName == true {
        return PartialFile(descriptor: file, hiddenName: name, directory: self, place: place)
      }
      DescriptorReserve.closeFile(file)
    }
  }

  /// A new random name that marks a file as unfinished; see ``FileName/isPartial(_:)``.
  static func hiddenName() -> String {
    FileName.partialPrefix + UploadID().description + FileName.partialSuffix
  }

  // MARK: Probing

  /// Makes every call that an upload's file needs on a file that it deletes afterwards, so that a file system that does not
  /// support one is rejected now, and not after the last byte of each upload.
  /// - Parameter place: the directory as it is open now.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  private func probe(_ place: OpenedDirectory) throws(UploadError) {
    let file: PartialFile
    do throws(UploadError) {
      file = try createPartial(in: FolderLookup(place))
    } catch {
      throw StorageError.directoryRejectsFiles(error, path: path)
    }
    defer { file.discard() }
    supportsDirect.store(probeDirect(file.descriptor), ordering: .relaxed)
    if let mode = fileMode, calls.setMode(file.descriptor, mode.bits) != 0 {
      throw StorageError.directoryRejectsMode(mode, path: path)
    }
    do {
      // A name as for an upload, but a hidden one.
      let name = NameBytes(Self.hiddenName())
      defer { place.root.remove(name) }
      guard place.root.link(file, as: name) == 0 || lacksSpace else {
        throw StorageError.directoryCannotFinalize("link", path: path)
      }
    }
    if durability == .full, calls.syncDirectory(place.descriptor) != 0 {
      throw StorageError.directoryCannotFinalize(StorageError.directorySync, path: path)
    }
  }

  /// Whether one aligned block can be written past the page cache: file systems that accept the flag may still reject the
  /// write, and a disk may require larger blocks.
  private func probeDirect(_ file: Int32) -> Bool {
    guard calls.setDirect(file, true) == 0, let slab = Slab(size: WritePlan.alignment) else { return false }
    return calls.write(file, UnsafeRawBufferPointer(slab.bytes), 0) >= 0 || lacksSpace
  }

  /// Whether the last call failed for lack of space: a disk that is full today may still support the call.
  private var lacksSpace: Bool { errno == ENOSPC || errno == EDQUOT }
}
