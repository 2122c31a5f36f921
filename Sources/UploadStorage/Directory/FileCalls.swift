import CLinux
import Glibc
import Synchronization
import UploadCore

/// The system calls that write, sync and name the files of uploads, most of which block; tests replace them with
/// failing ones.
///
/// Unless a call says otherwise it returns the result of the system call: 0 or more, or a negative number, with `errno`
/// set, when it failed. A file or directory is given by its open descriptor.
package struct FileCalls: Sendable {
  /// The real system calls.
  package init() {}

  /// `pwrite`: writes the bytes at an offset in the file. Returns how many were written, perhaps fewer.
  var write: @Sendable (Int32, UnsafeRawBufferPointer, UInt64) -> Int = {
    pwrite($0, $1.baseAddress, $1.count, off_t(clamping: $2))
  }
  /// `fallocate`: reserves the blocks of a range of bytes, and makes the file at least as long as its end.
  var reserve: @Sendable (Int32, Range<UInt64>) -> Int32 = { call(clinux_reserve, $0, $1) }
  /// The same without changing the length of the file (`FALLOC_FL_KEEP_SIZE`).
  var reserveKeepingSize: @Sendable (Int32, Range<UInt64>) -> Int32 = { call(clinux_reserve_keeping_size, $0, $1) }
  /// `copy_file_range`: copies up to `count` bytes from the start of a range of one file to an offset in another.
  /// Returns how many were copied, perhaps fewer.
  var copy: @Sendable (_ from: Int32, Range<UInt64>, _ to: Int32, _ offset: UInt64) -> Int = {
    from,
    range,
    to,
    offset in
    clinux_copy(from, Int64(clamping: range.lowerBound), to, Int64(clamping: offset), range.count)
  }
  /// `ftruncate`: sets the length of a file, in bytes.
  var truncate: @Sendable (Int32, UInt64) -> Int32 = { ftruncate($0, off_t(clamping: $1)) }
  /// `fdatasync` of a file.
  var sync: @Sendable (Int32) -> Int32 = { fdatasync($0) }
  /// Opens an open directory again. Returns a new descriptor with its own position, which the caller closes.
  var openAgain: @Sendable (Int32) -> Int32 = { openat($0, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
  /// `syncfs` of the file system that a descriptor is on: syncs every file there. Fails with `ENOSYS` where it is not
  /// known to sync them and to report failed writes.
  var syncFileSystem: @Sendable (Int32) -> Int32 = { clinux_sync_file_system($0) }
  /// Whether at most 128 MiB wait to be written to the disks of the whole machine, so that ``syncFileSystem`` is cheap.
  /// False when that is not known.
  var hasLittleToWrite: @Sendable () -> Bool = { dirtyPagesAreFew() }
  /// `fsync` of a directory: the names in it survive a power failure.
  var syncDirectory: @Sendable (Int32) -> Int32 = { fsync($0) }
  /// Turns `O_DIRECT` of an open file on or off.
  var setDirect: @Sendable (Int32, Bool) -> Int32 = { clinux_set_direct($0, $1 ? 1 : 0) }
  /// Opens a new unnamed file in a directory (`O_TMPFILE`) and returns its descriptor. Its mode is 0666, from which the
  /// kernel subtracts the umask, or the directory's default access list.
  var openUnnamed: @Sendable (Int32) -> Int32 = { clinux_open_unnamed($0, FileMode.unrestricted) }
  /// `fchmod` of an open file.
  var setMode: @Sendable (Int32, mode_t) -> Int32 = { fchmod($0, $1) }
  /// Gives an open unnamed file a name in a directory; fails with `EEXIST` when the name is taken.
  var link: @Sendable (Int32, _ directory: Int32, NameBytes) -> Int32 = { clinux_link_descriptor($0, $1, $2.cString) }
  /// `renameat2` from one directory to another, or within one, without overwriting: fails with `EEXIST` when the new
  /// name is taken, and with `EINVAL` or `ENOSYS` where the file system does not support that.
  var renameNew: @Sendable (_ from: Int32, NameBytes, _ to: Int32, NameBytes) -> Int32 = {
    clinux_rename_new($0, $1.cString, $2, $3.cString)
  }
  /// `renameat` from one directory to another, or within one: replaces a file that has the new name.
  var rename: @Sendable (_ from: Int32, NameBytes, _ to: Int32, NameBytes) -> Int32 = {
    renameat($0, $1.cString, $2, $3.cString)
  }
  /// `renameat2`: swaps what two names lead to, each in its directory. Both must exist; `EINVAL` or `ENOSYS` where that
  /// is not supported.
  var exchange: @Sendable (_ directory: Int32, NameBytes, _ other: Int32, NameBytes) -> Int32 = {
    clinux_exchange($0, $1.cString, $2, $3.cString)
  }
  /// `mkdirat`: makes a directory in another, of mode 0777, from which the kernel subtracts the umask, or the default
  /// access list.
  var makeDirectory: @Sendable (Int32, NameBytes) -> Int32 = { mkdirat($0, $1.cString, 0o777) }
  /// Opens a directory in another by its name alone, and never a symbolic link: fails with `ENOTDIR` for one, as for
  /// any other file.
  var openDirectory: @Sendable (Int32, NameBytes) -> Int32 = {
    openat($0, $1.cString, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
  }
  /// `futimens`: sets the modification time of an open file, in seconds since 1970 and nanoseconds.
  var setModified: @Sendable (Int32, Int64, Int64) -> Int32 = { clinux_set_modified($0, $1, $2) }
  /// `fstatat`: reads the status of a name in a directory, of a link itself and not of its target.
  var entryStatus: @Sendable (_ directory: Int32, NameBytes, inout stat) -> Int32 = {
    fstatat($0, $1.cString, &$2, AT_SYMLINK_NOFOLLOW)
  }
  /// Begins to write a range of bytes from the page cache to the disk, and does not wait. `0..<0` is the whole file.
  var startWriteback: @Sendable (Int32, Range<UInt64>) -> Int32 = { call(clinux_start_writeback, $0, $1) }
  /// `fstatvfs`: bytes that an unprivileged process may still use on a directory's file system; nil when that is not
  /// known. File systems that report no blocks at all (ramfs, some FUSE ones) do not count them: nothing free among no
  /// blocks is not a full disk.
  var freeSpace: @Sendable (Int32) -> UInt64? = { descriptor in
    var status = statvfs()
    guard fstatvfs(descriptor, &status) == 0, status.f_blocks > 0 else { return nil }
    return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
  }
  /// Writes a range of bytes to the disk, waits for that, and drops it from the page cache. No substitute for a sync.
  var dropWritten: @Sendable (Int32, Range<UInt64>) -> Int32 = { call(clinux_drop_written, $0, $1) }
}

/// Makes a system call on a range of an open file, given as offset and length.
private func call(_ function: (Int32, Int64, Int64) -> Int32, _ descriptor: Int32, _ range: Range<UInt64>) -> Int32 {
  function(descriptor, Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound - range.lowerBound))
}

/// Whether the whole machine has so few bytes in its page cache to write to its disks that waiting until all of them are
/// written costs next to nothing.
private func dirtyPagesAreFew() -> Bool {
  let now = ContinuousClock.now
  return dirtyPages.withLock { known in
    // That is too short for much to be added, and many groups of small files are synced in it.
    if let known, now - known.at < .milliseconds(10) { return known.areFew }
    let areFew = readDirtyPages()
    known = (areFew, now)
    return areFew
  }
}

/// What ``readDirtyPages()`` has returned last.
private let dirtyPages = Mutex<(areFew: Bool, at: ContinuousClock.Instant)?>(nil)

private func readDirtyPages() -> Bool {
  let text = ProcFile.read("/proc/meminfo")
  guard let dirty = ProcFile.kibibytes(of: "Dirty", inText: text),
    let underWay = ProcFile.kibibytes(of: "Writeback", inText: text)
  else { return false }
  // In KiB. A disk that writes 100 MB/s needs little more than a second for this, and only once: written bytes are no
  // longer dirty.
  return dirty + underWay <= 128 * 1024
}

/// The status of a file or directory (stat(2)), as it was when it was read.
struct FileStatus {
  private var status = stat()

  init(_ status: stat) {
    self.status = status
  }

  /// Of an open file; nil, with `errno` set, when it cannot be read.
  init?(descriptor: Int32) {
    guard fstat(descriptor, &status) == 0 else { return nil }
  }

  /// Of the file that a path leads to, links followed; nil, with `errno` set, when it leads to none.
  init?(path: UnsafePointer<CChar>) {
    guard stat(path, &status) == 0 else { return nil }
  }

  var identity: FileIdentity { FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }

  /// Whether it is a regular file.
  var isFile: Bool { status.st_mode & S_IFMT == S_IFREG }

  var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }

  /// Whether an upload may replace it: a file, or a symbolic link, which is replaced itself. Directories, FIFOs, sockets
  /// and devices are there for other purposes.
  var isReplaceable: Bool { isFile || status.st_mode & S_IFMT == S_IFLNK }

  /// Whether at least one directory contains it: false for an unnamed or a deleted file.
  var hasName: Bool { linkCount > 0 }

  /// How many names it has.
  var linkCount: Int { Int(clamping: status.st_nlink) }

  var content: ContentVersion {
    let size = UInt64(max(0, status.st_size))
    return withUnsafePointer(to: status) {
      ContentVersion(size: size, seconds: clinux_modified_seconds($0), nanoseconds: clinux_modified_nanoseconds($0))
    }
  }

  /// A version by inode, modification time and size. Two files stored within a second differ in the inode, a change in
  /// place differs in the nanoseconds of the time.
  var version: FileVersion {
    let content = content
    let parts = [
      UInt64(status.st_ino), UInt64(bitPattern: content.seconds), UInt64(bitPattern: content.nanoseconds), content.size,
    ]
    let text = parts.map { String($0, radix: 16) }.joined(separator: "-")
    return FileVersion(modified: content.seconds, text: text)
  }
}

/// Distinguishes files and directories while they exist: two names with the same identity lead to the same file.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64
}

/// Distinguishes the contents of a file, as far as its size and modification time do.
struct ContentVersion: Sendable, Equatable {
  /// In bytes.
  var size: UInt64
  /// Whole seconds of the modification time, since 1970. A file system may store any value.
  var seconds: Int64
  var nanoseconds: Int64

  /// The modification time since 1970, with its nanoseconds.
  var modified: Duration { .seconds(seconds) + .nanoseconds(nanoseconds) }
}
