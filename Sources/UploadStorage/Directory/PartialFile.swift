import Glibc
import Synchronization
package import UploadCore

/// A file being written, not yet under its name: unnamed (`O_TMPFILE`), or hidden and locked where the file system does
/// not support that. All calls block; workers make them, at most two writes at once, everything else alone. Closed and
/// deleted by ``discard()`` or with the last reference; a name that it has been given stays.
package final class PartialFile: Sendable {
  package let descriptor: Int32
  /// Device and inode; nil when the status cannot be read.
  let identity: FileIdentity?
  /// The hidden name in ``place``; nil for an unnamed file. Unchanged when the file has been renamed to its final name.
  let hiddenName: String?
  /// The directory that it was created in, and has its hidden name in.
  let place: OpenedDirectory
  private let directory: UploadDirectory
  /// How far the file of an unfinished upload has been written; nil for others. Such a file keeps its hidden name when
  /// it is closed, and may be opened again later.
  let progress: AppendProgress?
  private let isOpen = Atomic<Bool>(true)
  /// Whether `O_DIRECT` is on.
  private let isDirect = Atomic<Bool>(false)

  /// Up to which offset the file has its blocks, in bytes.
  private let reservedEnd: Atomic<UInt64>
  /// Space promised to it that has no blocks yet, in bytes: they are being reserved, or the file system cannot reserve.
  private let promised = Atomic<UInt64>(0)
  /// When the directory's path was last checked; see ``UploadDirectory/check(_:last:)``.
  private let lastPathCheck = Atomic<Int64>(0)

  /// How much of a large file may wait in the page cache for the disk, in bytes, without `O_DIRECT`.
  private static let writebackWindow: UInt64 = 8 * 1024 * 1024

  /// How much one call reserves, in bytes. An upload for which there seems to be no room waits for the end of a call that
  /// runs before it is rejected.
  private static let reserveStep: UInt64 = 64 * 1024 * 1024

  private var calls: FileCalls { directory.calls }

  init(
    descriptor: Int32,
    hiddenName: String?,
    directory: UploadDirectory,
    place: OpenedDirectory,
    progress: AppendProgress? = nil
  ) {
    self.descriptor = descriptor
    identity = FileStatus(descriptor: descriptor)?.identity
    self.hiddenName = hiddenName
    self.place = place
    self.directory = directory
    self.progress = progress
    reservedEnd = Atomic(progress?.start ?? 0)
  }

  deinit {
    discard()
  }

  /// Reserves the blocks of a file whose size is known, before its first write. Where the file system does not support
  /// that the bytes stay promised to it.
  /// - Parameter range: in bytes.
  /// - Throws: ``UploadError`` with code `diskFull` when not enough space would stay free, `tooLarge` or
  ///   `storageFailed`.
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
    guard directory.supportsReserve.load(ordering: .relaxed) else { return false }
    guard callReserve(range) != 0 else { return true }
    switch errno {
    case EOPNOTSUPP, ENOSYS, EINVAL, EPERM, ENODEV:
      directory.supportsReserve.store(false, ordering: .relaxed)
      return false
    default: throw StorageError.uploadFailed("fallocate")
    }
  }

  /// The length of an unfinished upload's file says how much of it has arrived at most, so that does not change.
  private func callReserve(_ range: Range<UInt64>) -> Int32 {
    progress == nil ? calls.reserve(descriptor, range) : calls.reserveKeepingSize(descriptor, range)
  }

  /// Writes all bytes of an extent, in several calls if necessary.
  /// - Parameters:
  ///   - memory: the extent's bytes; page-aligned for a write past the page cache.
  ///   - padding: how many bytes behind it in memory may be written as well; ``truncate(to:)`` removes them.
  /// - Throws: ``UploadError`` with code `diskFull`, `tooLarge`, `storageFailed` or `directoryUnavailable`.
  package func write(_ extent: WritePlan.Extent, _ memory: UnsafeRawBufferPointer, padding: Int = 0) throws(UploadError)
  {
    try directory.check(place, last: lastPathCheck)
    let growth = try claimSpace(for: extent)
    defer {
      if growth > 0 { directory.space.release(growth) } else { fulfillPromise(UInt64(extent.count)) }
    }
    if extent.isLarge, turnedDirect() {
      let padded = UnsafeRawBufferPointer(start: memory.baseAddress, count: memory.count + padding)
      try writeAll(padded, at: extent.offset)
    } else {
      if !extent.isLarge, isDirect.load(ordering: .relaxed) { turnDirect(false) }
      try writeAll(memory, at: extent.offset)
      if extent.isLarge { try writeBack(extent) }
    }
    progress?.wrote(extent.offset..<extent.end)
  }

  /// Shortens the file to its content, without what a reserve or padding has added.
  /// - Parameter length: of the content, in bytes.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func truncate(to length: UInt64) throws(UploadError) {
    guard calls.truncate(descriptor, length) == 0 else { throw StorageError.uploadFailed("ftruncate") }
  }

  /// Sets the modification time that the client states, in seconds since 1970. Call it when all bytes are written, before
  /// ``FileAttributes`` are noted, which contain it. Failures are ignored, as of the attributes.
  func setModified(_ seconds: Int64) {
    // Not zero nanoseconds: two contents stored one after the other may have the same time and size, and even the same
    // inode, and their versions must differ all the same (``FileStatus/version``).
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    _ = calls.setModified(descriptor, seconds, Int64(now.tv_nsec))
  }

  /// Gives the file the permissions chosen for stored files, if any were. Call it when all bytes are written and
  /// ``FileAttributes`` noted, before a sync: attributes cannot be added to a read-only file.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func applyMode() throws(UploadError) {
    guard let mode = directory.fileMode, calls.setMode(descriptor, mode.bits) != 0 else { return }
    throw StorageError.uploadFailed("fchmod")
  }

  /// Reads the file again, for digests that were not requested while it was received.
  /// - Parameters:
  ///   - hash: one that has no bytes yet.
  ///   - length: how many bytes to read, from the start of the file; all must have been written.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  package func digests(_ hash: any ContentHash, length: UInt64) throws(UploadError) -> ContentDigests {
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

  /// Reads a short range of bytes, which must have been written.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func read(_ range: Range<UInt64>) throws(UploadError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        return pread(descriptor, rest.baseAddress, rest.count, off_t(clamping: range.lowerBound + UInt64(done)))
      }
      if count < 0, errno == EINTR { continue }
      if count == 0 { errno = EIO }
      guard count > 0 else { throw StorageError.uploadFailed("read") }
      done += count
    }
    return bytes
  }

  /// Syncs the content and the metadata that is needed to read it. A failure is final: the kernel may have dropped the pages
  /// after it.
  /// - Throws: ``UploadError`` with code `storageFailed` or `diskFull`.
  func sync() throws(UploadError) {
    guard calls.sync(descriptor) == 0 else { throw StorageError.uploadFailed("fdatasync") }
  }

  /// Begins to write the file's pages in the page cache to the disk, and does not wait; ``sync()`` reports failures.
  func startWriteback() {
    // For sync_file_range(2) a length of 0 means up to the end of the file.
    _ = calls.startWriteback(descriptor, 0..<0)
  }

  /// Drops those of the file's pages from the page cache that are on the disk already: an upload is rarely read back
  /// soon. Pages that are not written yet stay.
  func dropPages() {
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Closes the file and deletes it if it has no final name. Does nothing once it has been closed.
  ///
  /// The file of an unfinished upload is not deleted but shortened to the bytes that are kept, which also frees the
  /// blocks that were reserved for others.
  package func discard() {
    guard let progress else { return close(deleting: hiddenName) }
    if isOpen.load(ordering: .acquiring) { _ = calls.truncate(descriptor, progress.kept) }
    close(deleting: nil)
  }

  /// Closes the file. Does nothing once it has been closed.
  /// - Parameter name: the hidden name to remove; nil for an unnamed file, and once the file has its final name.
  func close(deleting name: String?) {
    guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
    if let name { unlinkat(place.descriptor, name, 0) }
    DescriptorReserve.closeFile(descriptor)
    fulfillPromise(.max)
    progress?.release()
  }

  // MARK: Writing

  /// Claims the space that an extent needs beyond the file's blocks, so that enough stays free: reserves blocks ahead of it
  /// if there is so much space, otherwise has its own bytes promised. Promised bytes, and those with blocks, are not checked
  /// again.
  /// - Returns: bytes that are promised until the extent is written.
  private func claimSpace(for extent: WritePlan.Extent) throws(UploadError) -> UInt64 {
    var reserved = reservedEnd.load(ordering: .relaxed)
    guard extent.end > reserved, extent.count > 0, promised.load(ordering: .relaxed) == 0 else { return 0 }
    if let ahead = extent.ahead, directory.supportsReserve.load(ordering: .relaxed),
      directory.space.reserveAhead(UInt64(ahead.count), reserve: { callReserve(ahead) == 0 })
    {
      reserved = reservedEnd.max(ahead.upperBound, ordering: .relaxed).newValue
    }
    guard extent.end > reserved else { return 0 }
    let growth = extent.end - max(reserved, extent.offset)
    try directory.space.promise(growth)
    return growth
  }

  /// Ends the promise of `count` bytes, or of all that are left: they have their blocks, or need none any more.
  private func fulfillPromise(_ count: UInt64) {
    var left = promised.load(ordering: .relaxed)
    while left > 0 {
      let part = min(left, count)
      let result = promised.compareExchange(expected: left, desired: left - part, ordering: .relaxed)
      if result.exchanged { return directory.space.release(part) }
      left = result.original
    }
  }

  /// Turns `O_DIRECT` on at the first large extent.
  /// - Returns: whether it is on.
  private func turnedDirect() -> Bool {
    isDirect.load(ordering: .relaxed)
      || directory.supportsDirect.load(ordering: .relaxed) && turnDirect(true)
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
        if left.count == bytes.count { directory.supportsDirect.store(false, ordering: .relaxed) }
        guard turnDirect(false) else { throw StorageError.uploadFailed("fcntl") }
      } else if errno != EINTR {
        throw StorageError.uploadFailed("write")
      }
    }
  }

  /// Starts to write an extent from the page cache to the disk, and waits for bytes that were written some time before. An
  /// error counts as the write's: the kernel reports it once, so the sync at the end would not.
  private func writeBack(_ extent: WritePlan.Extent) throws(UploadError) {
    var succeeded = calls.startWriteback(descriptor, extent.offset..<extent.end) == 0
    if succeeded, extent.offset > Self.writebackWindow {
      let end = extent.offset - Self.writebackWindow
      succeeded = calls.dropWritten(descriptor, (end - min(end, UInt64(2 * Slab.large)))..<end) == 0
    }
    // Some file systems do not support the calls; then the sync at the end writes everything.
    guard !succeeded, errno != ENOSYS, errno != EINVAL, errno != ESPIPE else { return }
    throw StorageError.uploadFailed("write")
  }
}
