import Glibc
import HTTPExchange
import NIOCore
import UploadCore
import UploadProtocol

/// Reads a source into one buffer that is reused: a stream as its bytes arrive, or chunks of a regular file for connections that
/// cannot use sendfile. TLS needs the bytes in this process to encrypt them.
///
/// The buffer is used by an event loop and by one read at a time on a thread pool, in turn: never by both at once, and the
/// pool's queue orders their accesses. That makes `@unchecked Sendable` safe; a lock would be acquired for every chunk and
/// never be contended.
final class SourceReader: @unchecked Sendable {
  /// The most that one read of a stream returns unless a lower limit is set, in bytes: large enough for few event loop ticks
  /// per mebibyte, small enough to use little memory.
  static let capacity = 256 * 1024

  /// Capacity to request for a pipe, in bytes: the most that an unprivileged process may request. With the default of 64 KiB
  /// the writer and this reader would wait for each other on every read (measured: half the speed).
  private static let pipeSize = 1 << 20

  /// How long one read waits for a byte, in milliseconds. Short, so that the thread of a cancelled upload is soon free
  /// again: nothing else interrupts the read.
  private static let pollTimeout: CInt = 200

  let source: OpenedSource

  /// The most that one read of a stream returns, in bytes.
  let capacity: Int

  /// The bytes of the last read; the next one replaces them.
  private(set) var buffer: ByteBuffer

  /// The SHA-256 of all bytes read from a stream, computed meanwhile: it cannot be read again to compare it with the digest in
  /// the server's response.
  private var hash = SHAHash([.sha256])

  /// Whether the source has ended. Remembered, since a terminal would wait for more input after its end of file.
  private var ended = false

  /// Also enlarges the kernel's buffer of a pipe.
  /// - Parameter limit: the most that one read of a stream returns, in bytes, at least 1; nil, or more, for ``capacity``.
  init(_ source: OpenedSource, atMost limit: Int? = nil) {
    self.source = source
    capacity = min(Self.capacity, limit ?? Self.capacity)
    // F_SETPIPE_SZ, which Glibc's module hides. It fails for anything but a pipe, which changes nothing.
    _ = fcntl(source.descriptor, 1031, CInt(Self.pipeSize))
    buffer = ByteBufferAllocator().buffer(capacity: capacity)
  }

  /// Reads bytes `range` of a regular file, counted from the first byte to send, into ``buffer``. Blocks: call it on a
  /// thread pool.
  /// - Throws: ``UploadError`` with code `unreadableFile`, or `fileChanged` when the file has become shorter.
  func read(_ range: Range<UInt64>) throws(UploadError) {
    try source.read(range, into: &buffer)
  }

  /// Waits up to 200 ms for bytes of a stream, and reads those that are available into ``buffer``, at most as many as
  /// `limit` and the initializer allow. Blocks: call it on a thread pool.
  /// - Parameter limit: the most bytes to read, at least 1.
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  func read(atMost limit: Int = .max) throws(UploadError) -> ContentReading {
    buffer.clear()
    let limit = min(capacity, limit)
    var timeout = Self.pollTimeout
    while !ended, buffer.readableBytes < limit, try isReady(within: timeout) {
      try readOnce(atMost: limit - buffer.readableBytes)
      // There is something to send: read only what is available without waiting.
      timeout = 0
    }
    buffer.withUnsafeReadableBytes { hash?.update($0) }
    if buffer.readableBytes > 0 { return .bytes(buffer.readableBytes) }
    return ended ? .end : .nothingYet
  }

  /// The SHA-256 of all bytes that ``read(atMost:)`` has read of a stream so far.
  var digests: ContentDigests { hash?.digests ?? ContentDigests() }

  private func isReady(within milliseconds: CInt) throws(UploadError) -> Bool {
    var interest = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
    let count = poll(&interest, 1, milliseconds)
    guard count >= 0 || errno == EINTR else { throw SourceFailure.reading(source.label, errno) }
    return count > 0
  }

  private func readOnce(atMost room: Int) throws(UploadError) {
    var result = 0
    var code: CInt = 0
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { space in
      result = Glibc.read(source.descriptor, space.baseAddress, min(space.count, room))
      code = errno
      return max(0, result)
    }
    switch result {
    case 0: ended = true
    case ..<0 where code != EINTR && code != EAGAIN: throw SourceFailure.reading(source.label, code)
    default: break
    }
  }
}
