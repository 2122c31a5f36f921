import HTTPExchange
import NIOCore
import Synchronization
import UploadCore
import UploadProtocol

/// A stream whose last bytes stay in memory, so that they can be sent again after an interruption. All attempts of one upload
/// share it, and each reads through a ``ReplayReader`` of its own; usable from any thread.
///
/// A read of an attempt that has failed may still wait for input on its thread: what it reads is kept for the next attempt,
/// which never loses a byte of the source.
final class StreamReplay: Sendable {
  /// How many bytes before the last one read can be sent again.
  static let keptBytes = 8 << 20

  /// Bytes of the ring: with room for the chunk of an attempt that has failed, read after ``extent`` was looked at.
  private static let ringSize = keptBytes + 2 * SourceReader.capacity

  private struct State {
    /// Byte N of the stream is at index N modulo its size; nil before the first byte, and once nothing is kept any more.
    var ring: UnsafeMutableRawBufferPointer?
    /// Offset of the first byte in the ring.
    var start: UInt64 = 0
    /// How many bytes were read.
    var end: UInt64 = 0
    var hasEnded = false
    var isKeeping = true

    /// Adds bytes that follow all others.
    mutating func keep(_ chunk: ByteBuffer) {
      let position = end
      end += UInt64(chunk.readableBytes)
      guard isKeeping else {
        ring?.deallocate()
        (ring, start) = (nil, end)
        return
      }
      // The kernel provides its pages when they are written to: a short stream uses few.
      let ring = ring ?? .allocate(byteCount: StreamReplay.ringSize, alignment: 16)
      self.ring = ring
      let index = Int(position % UInt64(ring.count))
      chunk.withUnsafeReadableBytes { bytes in
        let first = min(bytes.count, ring.count - index)
        UnsafeMutableRawBufferPointer(rebasing: ring[index...]).copyMemory(from: .init(rebasing: bytes[..<first]))
        ring.copyMemory(from: .init(rebasing: bytes[first...]))
      }
      start = max(start, end - min(UInt64(ring.count), end))
    }
  }

  /// Used by the holder of ``turn`` alone.
  private let reader: SourceReader
  /// Locked while the source is read, which may wait for input.
  private let turn = Mutex<Void>(())
  private let state = Mutex(State())

  init(_ reader: SourceReader) {
    self.reader = reader
  }

  deinit {
    state.withLock { $0.ring?.deallocate() }
  }

  var source: OpenedSource { reader.source }

  /// What can be sent of the stream now.
  var extent: ResumeExtent {
    state.withLock { state in
      let kept = state.isKeeping ? UInt64(Self.keptBytes) : 0
      return ResumeExtent(
        start: max(state.start, state.end - min(kept, state.end)),
        end: state.end,
        isOpen: !state.hasEnded
      )
    }
  }

  /// Whether the stream has ended, and all of it can be sent again.
  var isComplete: Bool { state.withLock { $0.hasEnded && $0.start == 0 } }

  /// Memory that the kept bytes may use, in bytes.
  var memory: Int {
    state.withLock { state in
      state.hasEnded ? min(Self.ringSize, Int(clamping: state.end)) : state.isKeeping ? Self.ringSize : 0
    }
  }

  /// The SHA-256 of all bytes read so far. Waits for a read that is running.
  var digests: ContentDigests { turn.withLock { _ in reader.digests } }

  /// From now on nothing is kept: what was read can be sent once.
  func stopKeeping() {
    state.withLock { $0.isKeeping = false }
  }

  /// Reads ahead until the stream ends, `count` bytes are kept, or `time` has passed. Blocks: call it on a thread pool.
  /// - Returns: whether the stream has ended with fewer bytes.
  /// - Throws: ``UploadError`` with code `unreadableFile`, and what `checkCancellation` throws.
  func endsBefore(
    _ count: UInt64,
    within time: Duration,
    checkCancellation: () throws(UploadError) -> Void
  ) throws(UploadError) -> Bool {
    let deadline = ContinuousClock.now + time
    var buffer = ByteBuffer()
    while true {
      let extent = extent
      guard extent.isOpen, extent.end < min(count, UInt64(Self.keptBytes)), .now < deadline else {
        return !extent.isOpen && extent.end < count
      }
      try checkCancellation()
      _ = try read(at: extent.end, upTo: .max, into: &buffer)
    }
  }

  /// Replaces the content of `buffer` with the next bytes from `position` on: those that are kept, else bytes of the source,
  /// for which it waits up to 200 ms. Blocks: call it on a thread pool.
  /// - Parameter limit: the offset at which it ends for the caller.
  /// - Throws: ``UploadError`` with code `unreadableFile`, or ``lost`` when the bytes are not kept any more.
  func read(
    at position: UInt64,
    upTo limit: UInt64,
    into buffer: inout ByteBuffer
  ) throws(UploadError) -> ContentReading {
    // Releases the reader's buffer, which it then uses again.
    buffer = ByteBuffer()
    guard position < limit else { return .end }
    if let reading = try readKept(at: position, upTo: limit, into: &buffer) { return reading }
    return try turn.withLock { _ throws(UploadError) -> ContentReading in
      // Another attempt's read may have ended meanwhile.
      if let reading = try readKept(at: position, upTo: limit, into: &buffer) { return reading }
      let reading = try reader.read(atMost: Int(clamping: limit - position))
      switch reading {
      case .bytes:
        let chunk = reader.buffer
        state.withLock { $0.keep(chunk) }
        buffer = chunk
      case .end: state.withLock { $0.hasEnded = true }
      case .nothingYet: break
      }
      return reading
    }
  }

  /// The error for bytes that are not kept any more, with code `offsetMismatch`.
  static let lost = UploadError(.offsetMismatch, "Only the last 8 MiB of a pipe can be sent again.")

  // MARK: The ring

  /// - Returns: nil when the source has to be read.
  private func readKept(
    at position: UInt64,
    upTo limit: UInt64,
    into buffer: inout ByteBuffer
  ) throws(UploadError) -> ContentReading? {
    try state.withLock { state throws(UploadError) -> ContentReading? in
      guard position < state.end else { return state.hasEnded ? .end : nil }
      guard position >= state.start, let ring = state.ring else { throw Self.lost }
      let count = Int(min(UInt64(reader.capacity), min(state.end, limit) - position))
      let index = Int(position % UInt64(ring.count))
      let first = min(count, ring.count - index)
      buffer.writeBytes(UnsafeRawBufferPointer(rebasing: ring[index..<index + first]))
      buffer.writeBytes(UnsafeRawBufferPointer(rebasing: ring[..<(count - first)]))
      return .bytes(count)
    }
  }
}

/// Reads a ``StreamReplay`` for one attempt, from an offset on.
///
/// It is used by an event loop and by one read at a time on a thread pool, in turn, as ``SourceReader`` is: that makes
/// `@unchecked Sendable` safe.
final class ReplayReader: @unchecked Sendable {
  let replay: StreamReplay
  private var position: UInt64
  private let end: UInt64

  /// The bytes of the last read; the next one replaces them.
  private(set) var buffer = ByteBuffer()

  /// - Parameters:
  ///   - position: offset of the first byte to read.
  ///   - count: after how many bytes it ends, although the stream may continue; nil for no limit.
  init(_ replay: StreamReplay, from position: UInt64 = 0, atMost count: UInt64? = nil) {
    (self.replay, self.position) = (replay, position)
    end = count.map { $0 < .max - position ? position + $0 : .max } ?? .max
  }

  /// Reads the next bytes of the stream, or with a `range` exactly those, which must be kept. Blocks: call it on a thread pool.
  /// - Parameter limit: the most bytes to read without a range, at least 1.
  /// - Throws: ``UploadError`` as ``StreamReplay/read(at:upTo:into:)``.
  func read(_ range: Range<UInt64>?, atMost limit: UInt64 = .max) throws(UploadError) -> ContentReading {
    let start = range?.lowerBound ?? position
    let end = limit < self.end - min(start, self.end) ? start + limit : self.end
    let reading = try replay.read(at: start, upTo: range?.upperBound ?? end, into: &buffer)
    if let range, reading != .bytes(range.count) { throw StreamReplay.lost }
    if case .bytes(let count) = reading { position = start + UInt64(count) }
    return reading
  }
}

/// What can be sent of a source in several requests: all bytes of a file, the last ones of a pipe.
struct ResumeExtent: Sendable, Equatable {
  /// Offset of the first byte that can be sent, or sent again; 0 for a file.
  var start: UInt64 = 0
  /// The size of a file; of a pipe how many bytes were read so far.
  var end: UInt64
  /// Whether more bytes may follow: those of a pipe, until it has ended.
  var isOpen = false

  /// Bytes of the source; nil until it is known.
  var size: UInt64? { isOpen ? nil : end }
}
