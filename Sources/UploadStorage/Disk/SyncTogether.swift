import Glibc
import UploadCore

/// One sync for all files of a group: of the whole file system, which is as good as a sync of every file on it (syncfs(2))
/// and costs as much as one, unless others have left much to be written there.
///
/// The kernel tells each open descriptor once of what it failed to write since that was opened. Of one descriptor for all
/// groups only the first to ask would hear that another's bytes are lost; so each has its own, made before its first byte
/// is written.
///
/// Measured on ext4 with 4 KiB files, 32 at a time: 1.4 to 2.4 times as many files a second as with a sync each, at half
/// the processor time.
final class SyncTogether {
  private let calls: FileCalls
  private let descriptor: Int32

  /// Begins to watch for failed writes; nil where that is not possible. Blocks.
  init?(_ directory: UploadDirectory) {
    calls = directory.calls
    let calls = calls
    descriptor = DescriptorReserve.openFile { calls.openAgain(directory.descriptor) }
    if descriptor < 0 { return nil }
  }

  deinit {
    DescriptorReserve.closeFile(descriptor)
  }

  /// Syncs files that were written after this was made; blocks.
  /// - Returns: false when that did not go well, or cannot be relied on; then each file's own sync tells what became of it.
  func syncs(_ files: [PartialFile]) -> Bool {
    guard let device = Self.device(of: descriptor) else { return false }
    // While they were made another directory may have come under the path, on another file system.
    guard files.allSatisfy({ Self.device(of: $0.descriptor) == device }) else { return false }
    return calls.hasLittleToWrite() && calls.syncFileSystem(descriptor) == 0
  }

  private static func device(of descriptor: Int32) -> dev_t? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status.st_dev : nil
  }
}
