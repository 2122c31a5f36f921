import Glibc
import Synchronization
import UploadCore

/// What the file system of an upload directory supports: probed when the directory is opened, or learned from the first call
/// that it rejects.
final class DirectoryCapabilities: Sendable {
  /// Unnamed files (`O_TMPFILE`); learned from the first that is rejected.
  let supportsUnnamed = Atomic<Bool>(true)
  /// Writes past the page cache (`O_DIRECT`); probed.
  let supportsDirect = Atomic<Bool>(false)
  /// Reserving blocks; learned from the first reserve that is rejected.
  let supportsReserve = Atomic<Bool>(true)

  /// Forgets what was learned: the directory is on another file system now.
  func reset() {
    supportsUnnamed.store(true, ordering: .relaxed)
    supportsReserve.store(true, ordering: .relaxed)
  }

  /// Makes every call on one file that an upload's file needs, so that a file system that does not support one is rejected
  /// now, and not after the last byte of each upload. Leaves nothing behind.
  /// - Parameter place: the directory as it is open now.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  func probe(
    _ directory: UploadDirectory,
    in place: OpenedDirectory,
    for durability: Durability
  ) throws(UploadError) {
    let (calls, path) = (directory.calls, directory.path)
    let file: PartialFile
    do throws(UploadError) {
      file = try directory.createPartial(in: place)
    } catch {
      throw StorageError.directoryRejectsFiles(error, path: path)
    }
    defer { file.discard() }
    supportsDirect.store(probeDirect(file.descriptor, calls), ordering: .relaxed)
    if let mode = directory.fileMode, calls.setMode(file.descriptor, mode.bits) != 0 {
      throw StorageError.directoryRejectsMode(mode, path: path)
    }
    try probeName(file, in: place, path: path)
    if durability == .full, calls.syncDirectory(place.descriptor) != 0 {
      throw StorageError.directoryCannotFinalize(StorageError.directorySync, path: path)
    }
  }

  /// Whether one aligned block can be written past the page cache: file systems that accept the flag may still reject the
  /// write, and a disk may require larger blocks.
  private func probeDirect(_ file: Int32, _ calls: FileCalls) -> Bool {
    guard calls.setDirect(file, true) == 0, let slab = Slab(size: WritePlan.alignment) else { return false }
    return calls.write(file, UnsafeRawBufferPointer(slab.bytes), 0) >= 0 || isFull
  }

  /// Gives a file a name, as for an upload, but a hidden one.
  private func probeName(_ file: PartialFile, in place: OpenedDirectory, path: String) throws(UploadError) {
    let name = NameBytes(UploadDirectory.hiddenName())
    defer { place.remove(name) }
    guard place.link(file, as: name) == 0 || isFull else {
      throw StorageError.directoryCannotFinalize("link", path: path)
    }
  }

  /// Whether the last call failed for lack of space: a disk that is full today may still support the call.
  private var isFull: Bool { errno == ENOSPC || errno == EDQUOT }
}
