import Basics
import Glibc
import UploadCore

/// The content of all uploads: a file without a name, of random bytes, written and synced, so that it lies in the page
/// cache before anything is measured. Larger uploads send it again and again.
final class SourceFile: Sendable {
  /// Small enough to stay in the cache.
  static let length = 64 << 20
  private static let pieceSize = 1 << 20

  let descriptor: Int32

  /// - Parameter directory: where it lies.
  /// - Throws: ``UploadError`` with code `badDirectory` or `diskFull`.
  init(directory: String) throws(UploadError) {
    let path = directory + "/sluice-bench-source-\(UploadID())"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let cause = SystemCallError("open", errno)
      throw UploadError(.badDirectory, "Nothing can be made in \(directory); name another --dir.", cause: cause)
    }
    unlink(path)
    var noise = SplitMix64(seed: 3)
    for offset in stride(from: 0, to: Self.length, by: Self.pieceSize) {
      let piece = noise.bytes(Self.pieceSize)
      guard pwrite(descriptor, piece, piece.count, off_t(offset)) == piece.count else {
        let cause = SystemCallError("write", errno)
        throw UploadError(.diskFull, "There is no room for 64 MiB in \(directory).", cause: cause)
      }
    }
    fsync(descriptor)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}
