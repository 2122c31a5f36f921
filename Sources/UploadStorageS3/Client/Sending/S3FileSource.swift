import Glibc
import NIOCore
import NIOPosix
import UploadCore

/// A region of a file that a request sends. It has a descriptor of its own, so that the caller may close his while an exchange
/// that was cancelled still ends.
///
/// An exchange either sends regions or reads chunks, one after the other: both never use the descriptor at once.
final class S3FileSource: Sendable {
  private let handle: NIOFileHandle
  private let start: UInt64

  /// - Throws: ``UploadError`` with code `storageFailed` when the file is too short, or `internalFailure` when too many
  ///   files are open.
  init(descriptor: CInt, offset: UInt64, length: UInt64) throws(UploadError) {
    start = offset
    let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard own >= 0 else {
      let cause = SystemCallError("fcntl", errno)
      throw UploadError(.internalFailure, "A spooled part cannot be opened again: \(cause.reason).", cause: cause)
    }
    handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: own)
    var status = stat()
    // Of a shorter file sendfile would send nothing for ever.
    guard fstat(own, &status) == 0, UInt64(max(0, status.st_size)) >= offset + length else {
      throw UploadError(.storageFailed, "A spooled part is shorter than it was. Check the disk of --dir.")
    }
  }

  deinit { try? handle.close() }

  /// Bytes of the region, for the kernel to send.
  func region(_ range: Range<UInt64>) -> FileRegion {
    FileRegion(
      fileHandle: handle,
      readerIndex: Int(clamping: start + range.lowerBound),
      endIndex: Int(clamping: start + range.upperBound)
    )
  }

  /// Bytes of the region in memory. Blocks: call it on a thread pool.
  /// - Throws: ``SystemCallError``.
  func read(_ range: Range<UInt64>) throws -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: range.count)
    try handle.withUnsafeFileDescriptor { descriptor in
      while buffer.readableBytes < range.count {
        var count = 0
        var number: CInt = 0
        let rest = range.count - buffer.readableBytes
        let offset = off_t(clamping: start + range.upperBound) - off_t(rest)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { space in
          count = pread(descriptor, space.baseAddress, min(space.count, rest), offset)
          number = errno
          return max(0, count)
        }
        if count > 0 || count < 0 && number == EINTR { continue }
        // ENODATA: the file has become shorter.
        throw SystemCallError("pread", count == 0 ? ENODATA : number)
      }
    }
    return buffer
  }
}
