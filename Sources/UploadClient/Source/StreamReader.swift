import Glibc
import NIOCore
import UploadCore
import UploadProtocol

/// Reads a source of unknown length into one buffer that is used again and again.
///
/// The buffer goes back and forth between an event loop and one read at a time on a thread pool: never both at once, and
/// the pool's queue orders what each of them does. That hand-over is what makes it safe to be `@unchecked Sendable`; a
/// lock would be taken for every piece and never be contended.
final class StreamReader: @unchecked Sendable {
  enum Reading: Sendable, Equatable {
    /// So many bytes are in the buffer, and there may be more.
    case bytes(Int)
    /// The source has ended; nothing is in the buffer.
    case end
    /// Nothing came within a turn: ask again.
    case nothingYet
  }

  /// What one read takes at most unless told less, and the memory the reader holds, in bytes.
  static let capacity = 256 * 1024

  /// How much a pipe may hold, in bytes: the most that everybody may ask for. The usual 64 KiB would have the writer wait
  /// for every turn of ours, and us for the writer (measured: half the speed).
  private static let pipeSize = 1 << 20

  /// How long one turn waits for a byte, in milliseconds. Short, so that the thread of an upload that was given up is
  /// soon free again; nothing else tells it.
  private static let patience: CInt = 200

  private let source: OpenedSource

  private let capacity: Int

  /// What the last read brought.
  private(set) var buffer: ByteBuffer

  /// Of all that was read: a stream cannot be read again when the server tells what it has.
  private var hash = SHAHash([.sha256])

  /// Remembered, since a terminal would wait for more after its end of file.
  private var ended = false

  /// - Parameter limit: what one read takes at most, where that is less than usual; nil for the usual.
  init(_ source: OpenedSource, atMost limit: Int? = nil) {
    self.source = source
    capacity = min(Self.capacity, limit ?? Self.capacity)
    // F_SETPIPE_SZ, which Glibc's module hides. Only pipes take it, and one that does not stays as it is.
    _ = fcntl(source.descriptor, 1031, CInt(Self.pipeSize))
    buffer = ByteBufferAllocator().buffer(capacity: capacity)
  }

  /// Waits for bytes and reads those that are there, up to a full buffer. Blocks: call it on a thread pool.
  /// - Parameter limit: no more bytes than this are read.
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  func read(atMost limit: Int = .max) throws(UploadError) -> Reading {
    buffer.clear()
    let limit = min(capacity, limit)
    var patience = Self.patience
    while !ended, buffer.readableBytes < limit, try isReady(within: patience) {
      try readOnce(atMost: limit - buffer.readableBytes)
      // Something is there to go on with: take only what can be had without waiting.
      patience = 0
    }
    buffer.withUnsafeReadableBytes { hash?.update($0) }
    if buffer.readableBytes > 0 { return .bytes(buffer.readableBytes) }
    return ended ? .end : .nothingYet
  }

  /// The digests of all that was read.
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
