import CLinux
import Glibc
import Synchronization
import UploadCore

/// A file being written, not yet under its name: unnamed (`O_TMPFILE`), or hidden and locked where the file system
/// cannot do that. Used by one worker at a time; dropped by ``discard()`` or by losing the last reference.
package final class PartialFile: Sendable {
  let descriptor: Int32
  /// The hidden name, where it has one.
  let hiddenName: String?
  private let directory: UploadDirectory
  private let isOpen = Atomic<Bool>(true)

  init(descriptor: Int32, hiddenName: String?, directory: UploadDirectory) {
    self.descriptor = descriptor
    self.hiddenName = hiddenName
    self.directory = directory
  }

  deinit {
    discard()
  }

  /// Writes all of `bytes` at `offset`, however many calls that takes.
  /// - Throws: ``UploadError`` with code `diskFull` or `storageFailed`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(UploadError) {
    var done = 0
    while done < bytes.count {
      let written = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset) + done)
      if written < 0, errno == EINTR { continue }
      guard written >= 0 else { throw StorageError.uploadFailed("write", in: directory.path) }
      done += written
    }
  }

  /// Notes the media type with the file, where the file system takes attributes.
  func note(type: String) {
    _ = type.utf8.withContiguousStorageIfAvailable {
      clinux_set_attribute(descriptor, UploadDirectory.typeAttribute, $0.baseAddress, $0.count)
    }
  }

  /// Syncs content and attributes. A failure is final: after it the kernel may have dropped the pages.
  func sync() throws(UploadError) {
    guard fsync(descriptor) == 0 else { throw StorageError.uploadFailed("fsync", in: directory.path) }
  }

  /// Closes the file; what has no name by then is gone. Once is enough, more does no harm.
  func discard() {
    guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
    if let hiddenName { unlinkat(directory.descriptor, hiddenName, 0) }
    close(descriptor)
  }

  /// Closes the file after it has got its name.
  func closeNamed() {
    guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
    close(descriptor)
  }
}
