import Glibc
import NIOCore
import UploadCore

/// Reads a regular file piece by piece into one buffer that is used again and again, for connections that cannot take the
/// file itself: what goes out by TLS has to be encrypted here.
///
/// The buffer goes back and forth between an event loop and one read at a time on a thread pool, as ``StreamReader``'s
/// does; that hand-over is what makes it safe to be `@unchecked Sendable`.
final class PieceReader: @unchecked Sendable {
  /// What one read takes at most, in bytes: a few turns of the event loop for each mebibyte, and little to hold.
  static let capacity = 256 * 1024

  private let source: OpenedSource

  /// What the last read brought.
  private(set) var buffer = ByteBuffer()

  init(_ source: OpenedSource) {
    self.source = source
  }

  /// Reads bytes `range` of what is to be sent. Blocks: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `unreadableFile`, or `fileChanged` when the file has become shorter.
  func read(_ range: Range<UInt64>) throws(UploadError) {
    let count = range.count
    buffer.clear(minimumCapacity: count)
    var result = Result<Int, UploadError>.success(0)
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
      result = Result { () throws(UploadError) in
        try source.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: range.lowerBound)
      }
      return (try? result.get()) ?? 0
    }
    guard try result.get() < count else { return }
    try source.check()
    throw SourceFailure.reading(source.label, ENODATA)
  }
}
