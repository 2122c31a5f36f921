import Glibc
import NIOCore
import UploadCore
import UploadProtocol

/// What tells whether a file is still the one of which an earlier run has sent a part.
struct FileIdentity: Sendable, Equatable {
  /// Bytes at each end of the file that are compared. Programs that change a file without changing its size and its
  /// modification time usually change its beginning or its end.
  private static let endSize: UInt64 = 64 * 1024

  /// Absolute, with symbolic links resolved; may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  let path: String
  let size: UInt64
  let modifiedSeconds: Int64
  let modifiedNanoseconds: Int64
  /// SHA-256 in hexadecimal.
  let endsHash: String

  /// Reads both ends of the file. Blocks; call it on a thread pool.
  /// - Returns: nil for a source that is not a named regular file, or that has no absolute path any more.
  /// - Throws: ``UploadError`` with code `unreadableFile` or `fileChanged`.
  init?(_ source: OpenedSource, path: String) throws(UploadError) {
    guard let regular = source.regular, let resolved = NameBytes.withPath(path, { realpath($0, nil) }) else {
      return nil
    }
    defer { free(resolved) }
    self.path = NameBytes(cString: resolved).losslessText
    size = regular.stamp.size
    modifiedSeconds = regular.stamp.modifiedSeconds
    modifiedNanoseconds = regular.stamp.modifiedNanoseconds
    var hash = SHAHash([.sha256])
    var buffer = ByteBuffer()
    let first = min(Self.endSize, size)
    for range in [0..<first, max(first, size - first)..<size] where !range.isEmpty {
      try source.read(range, into: &buffer)
      buffer.withUnsafeReadableBytes { hash?.update($0) }
    }
    endsHash = hash?.digests.sha256Text ?? ""
  }

  /// Whether `entry` is about a file with this content.
  func matches(_ entry: ResumeJournal.Entry) -> Bool {
    (entry.path, entry.size, entry.endsHash) == (path, size, endsHash)
      && (entry.modifiedSeconds, entry.modifiedNanoseconds) == (modifiedSeconds, modifiedNanoseconds)
  }
}
