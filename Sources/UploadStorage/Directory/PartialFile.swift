import CLinux
import Glibc
import Synchronization
import UploadCore

/// A file being written, not yet under its name: unnamed (`O_TMPFILE`), or hidden and locked where the file system
/// does not support that. Its calls block; workers make them, at most two writes at once, everything else alone. Deleted
/// by ``discard()`` or with the last reference, unless it has been given a name.
final class PartialFile: Sendable {
  let descriptor: Int32
  /// The hidden name, where it has one.
  let hiddenName: String?
  /// Where it was created, and has its hidden name.
  let place: OpenedDirectory
  private let directory: UploadDirectory
  private let isOpen = Atomic<Bool>(true)
  /// Whether `O_DIRECT` is on.
  private let isDirect = Atomic<Bool>(false)

  /// Up to here the file has its blocks, in bytes.
  private let reservedEnd = Atomic<UInt64>(0)
  /// Space promised to it that has no blocks yet, in bytes: they are being reserved, or the file system cannot reserve.
  private let promised = Atomic<UInt64>(0)
  /// When the directory's path was last checked; see ``UploadDirectory/check(_:last:)``.
  private let lastPathCheck = Atomic<Int64>(0)

  /// How much of a large file may wait in the page cache for the disk, in bytes, without `O_DIRECT`.
  private static let writebackWindow: UInt64 = 8 * 1024 * 1024

  /// How much one call reserves, in bytes: an upload that finds no room meanwhile waits for that call before it is rejected.
  private static let reserveStep: UInt64 = 64 * 1024 * 1024

  private var calls: FileCalls { directory.calls }

  /// Which file it is; nil when that cannot be read.
  var identity: FileIdentity? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? FileIdentity(status) : nil
  }

  init(descriptor: Int32, hiddenName: String?, directory: UploadDirectory, place: OpenedDirectory) {
    self.descriptor = descriptor
    self.hiddenName = hiddenName
    self.place = place
    self.directory = directory
  }

  deinit {
    discard()
  }

  /// Reserves the blocks of a file whose size is known, where the file system supports that; otherwise the bytes stay
  /// promised to it.
  /// - Throws: ``UploadError`` with code `diskFull` when there is not that much space, or `storageFailed`.
  func reserve(_ range: Range<UInt64>) throws(UploadError) {
    try directory.space.promise(range.upperBound - range.lowerBound)
    promised.store(range.upperBound - range.lowerBound, ordering: .relaxed)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = start + min(range.upperBound - start, Self.reserveStep)
      let isReserved = try directory.space.settle { () throws(UploadError) in
        guard try reserveBlocks(start..<end) else { return false }
        fulfillPromise(end - start)
        return true
      }
      guard isReserved else { return }
      reservedEnd.store(end, ordering: .relaxed)
      start = end
    }
  }

  /// - Returns: false where the file system cannot reserve.
  private func reserveBlocks(_ range: Range<UInt64>) throws(UploadError) -> Bool {
    guard directory.capabilities.supportsReserve.load(ordering: .relaxed) else { return false }
    guard calls.reserve(descriptor, range) != 0 else { return true }
    switch errno {
    case EOPNOTSUPP, ENOSYS, EINVAL, EPERM, ENODEV:
      directory.capabilities.supportsReserve.store(false, ordering: .relaxed)
      return false
    default: throw StorageError.uploadFailed("fallocate")
    }
  }

  /// Writes all of a piece, however many calls that takes.
  /// - Parameters:
  ///   - memory: the piece's bytes; for a large piece page-aligned.
  ///   - padding: bytes behind it in memory that may be written as well; ``truncate(to:)`` removes them.
  /// - Throws: ``UploadError`` with code `diskFull`, `storageFailed` or `directoryUnavailable`.
  func write(_ piece: WritePlan.Piece, _ memory: UnsafeRawBufferPointer, padding: Int = 0) throws(UploadError) {
    try directory.check(place, last: lastPathCheck)
    let growth = try claimSpace(for: piece)
    defer {
      if growth > 0 { directory.space.release(growth) } else { fulfillPromise(UInt64(piece.count)) }
    }
    switch piece.way {
    case .cached:
      if isDirect.load(ordering: .relaxed) { turnDirect(false) }
      try writeAll(memory, at: piece.offset)
    case .large where turnedDirect():
      let padded = UnsafeRawBufferPointer(start: memory.baseAddress, count: memory.count + padding)
      try writeAll(padded, at: piece.offset)
    case .large:
      try writeAll(memory, at: piece.offset)
      try writeBack(piece)
    }
  }

  /// Removes what a reserve or padding has added behind the content.
  func truncate(to length: UInt64) throws(UploadError) {
    guard calls.truncate(descriptor, length) == 0 else {
      throw StorageError.uploadFailed("ftruncate")
    }
  }

  /// Notes media type and digest with the file, where the file system supports attributes. All of it must have been written.
  func note(type: String?, sha256: [UInt8]?) {
    FileAttributes(descriptor: descriptor).note(type: type, sha256: sha256)
  }

  /// Gives the file the permissions chosen for stored files. The last step before its sync: attributes cannot be added to
  /// a read-only file.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func applyMode() throws(UploadError) {
    guard let mode = directory.fileMode, calls.setMode(descriptor, mode.bits) != 0 else { return }
    throw StorageError.uploadFailed("fchmod")
  }

  /// Reads the file again, for digests that were not requested while it was received.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func digests(_ hash: any ContentHash, length: UInt64) throws(UploadError) -> ContentDigests {
    if isDirect.load(ordering: .relaxed) { turnDirect(false) }
    var hash = hash
    var offset: UInt64 = 0
    guard let slab = Slab(size: Slab.large) else { throw StorageError.uploadFailed("mmap") }
    while offset < length {
      let count = pread(descriptor, slab.bytes.baseAddress, slab.bytes.count, off_t(clamping: offset))
      if count < 0, errno == EINTR { continue }
      if count == 0 { errno = EIO }
      guard count > 0 else { throw StorageError.uploadFailed("read") }
      let wanted = Int(min(UInt64(count), length - offset))
      hash.update(UnsafeRawBufferPointer(rebasing: slab.bytes[..<wanted]))
      offset += UInt64(wanted)
    }
    return hash.digests
  }

  /// Syncs the content and what is needed to read it. A failure is final: after it the kernel may have dropped the pages.
  func sync() throws(UploadError) {
    guard calls.sync(descriptor) == 0 else { throw StorageError.uploadFailed("fdatasync") }
  }

  /// Begins to write what is in the page cache; the sync reports failures.
  func startWriteback() {
    // For sync_file_range(2) a length of 0 means up to the end of the file.
    _ = calls.startWriteback(descriptor, 0..<0)
  }

  /// Drops from the page cache what is on the disk: an upload is rarely read back soon.
  func forgetPages() {
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Closes the file and deletes it if it has no name. May be called more than once.
  func discard() {
    guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
    if let hiddenName { unlinkat(place.descriptor, hiddenName, 0) }
    DescriptorReserve.closeFile(descriptor)
    fulfillPromise(.max)
  }

  /// Closes the file, which has its name.
  func closeNamed() {
    guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
    DescriptorReserve.closeFile(descriptor)
    fulfillPromise(.max)
  }

  // MARK: Writing

  /// Makes sure that enough stays free behind a piece that exceeds the file's blocks: reserves blocks ahead of it if there is
  /// so much space, otherwise has its own bytes promised. What has been promised, or has blocks, is not checked again.
  /// - Returns: bytes that are promised until the piece is written.
  private func claimSpace(for piece: WritePlan.Piece) throws(UploadError) -> UInt64 {
    var reserved = reservedEnd.load(ordering: .relaxed)
    guard piece.end > reserved, piece.count > 0, promised.load(ordering: .relaxed) == 0 else { return 0 }
    if let ahead = piece.ahead, directory.capabilities.supportsReserve.load(ordering: .relaxed),
      directory.space.reserveAhead(UInt64(ahead.count), reserve: { calls.reserve(descriptor, ahead) == 0 })
    {
      reserved = reservedEnd.max(ahead.upperBound, ordering: .relaxed).newValue
    }
    guard piece.end > reserved else { return 0 }
    let growth = piece.end - max(reserved, piece.offset)
    try directory.space.promise(growth)
    return growth
  }

  /// `count` promised bytes have their blocks by now, or need none any more.
  private func fulfillPromise(_ count: UInt64) {
    var left = promised.load(ordering: .relaxed)
    while left > 0 {
      let part = min(left, count)
      let (exchanged, original) = promised.compareExchange(
        expected: left,
        desired: left - part,
        ordering: .relaxed
      )
      if exchanged { return directory.space.release(part) }
      left = original
    }
  }

  /// Turns `O_DIRECT` on at the first large piece.
  /// - Returns: whether it is on.
  private func turnedDirect() -> Bool {
    if isDirect.load(ordering: .relaxed) { return true }
    guard directory.capabilities.supportsDirect.load(ordering: .relaxed) else { return false }
    return turnDirect(true)
  }

  @discardableResult
  private func turnDirect(_ isOn: Bool) -> Bool {
    guard calls.setDirect(descriptor, isOn) == 0 else { return false }
    isDirect.store(isOn, ordering: .relaxed)
    return true
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(UploadError) {
    var left = bytes
    while left.count > 0 {
      let written = calls.write(descriptor, left, offset + UInt64(bytes.count - left.count))
      // A write of 0 bytes without an error would be repeated for ever.
      if written == 0 { errno = EIO }
      if written > 0 {
        left = UnsafeRawBufferPointer(rebasing: left.dropFirst(written))
      } else if written < 0, errno == EINVAL, isDirect.load(ordering: .relaxed) {
        // A short write has left the rest unaligned, or the disk requires larger blocks than were probed: it goes through
        // the page cache.
        if left.count == bytes.count { directory.capabilities.supportsDirect.store(false, ordering: .relaxed) }
        guard turnDirect(false) else { throw StorageError.uploadFailed("fcntl") }
      } else if errno != EINTR {
        throw StorageError.uploadFailed("write")
      }
    }
  }

  /// Starts to write a piece to the disk, and waits for what was written some time before. Its error counts as the write's:
  /// the kernel reports it once, so the sync at the end would not.
  private func writeBack(_ piece: WritePlan.Piece) throws(UploadError) {
    guard calls.startWriteback(descriptor, piece.offset..<piece.end) == 0 else { return try writebackFailed() }
    guard piece.offset > Self.writebackWindow else { return }
    let end = piece.offset - Self.writebackWindow
    let start = end - min(end, UInt64(2 * Slab.large))
    guard calls.dropWritten(descriptor, start..<end) == 0 else { return try writebackFailed() }
  }

  private func writebackFailed() throws(UploadError) {
    // Some file systems do not support the call; then the sync at the end writes everything.
    guard errno != ENOSYS, errno != EINVAL, errno != ESPIPE else { return }
    throw StorageError.uploadFailed("write")
  }
}
