import Glibc
import Synchronization
import UploadCore

extension UploadDirectory {
  /// Does to one file all that is done to an upload's, so that a file system which cannot is known now, and not after the
  /// last byte of each upload. Nothing of it stays.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  func probe(_ place: OpenedDirectory, _ durability: Durability) throws(UploadError) {
    let file: PartialFile
    do throws(UploadError) {
      file = try createPartial(in: place)
    } catch {
      throw StorageError.directoryTakesNoFiles(error, path: path)
    }
    defer { file.discard() }
    takesDirect.store(probeDirect(file.descriptor), ordering: .relaxed)
    if let fileMode, calls.setMode(file.descriptor, fileMode.bits) != 0 {
      throw StorageError.directoryTakesNoMode(fileMode, path: path)
    }
    try probeName(file, place)
    if durability == .full, calls.syncDirectory(place.descriptor) != 0 {
      throw StorageError.directoryCannotFinish(StorageError.directorySync, path: path)
    }
  }

  /// Whether one aligned block can be written past the page cache: file systems that take the flag may still refuse the
  /// write, and a disk may ask for larger blocks.
  private func probeDirect(_ file: Int32) -> Bool {
    guard calls.setDirect(file, true) == 0, let slab = Slab(size: WritePlan.alignment) else { return false }
    return calls.write(file, UnsafeRawBufferPointer(slab.bytes), 0) >= 0 || isFull
  }

  /// Gives a file a name the way it is given to an upload's, but one that nobody sees.
  private func probeName(_ file: PartialFile, _ place: OpenedDirectory) throws(UploadError) {
    let name = NameBytes(Self.hiddenName())
    defer { place.remove(name) }
    guard place.tryName(name, for: file) == 0 || isFull else {
      throw StorageError.directoryCannotFinish("link", path: path)
    }
  }

  /// Whether the last call failed for want of space: a disk that is full today says nothing about the way.
  private var isFull: Bool { errno == ENOSPC || errno == EDQUOT }
}
