import NIOCore

/// The bytes that files are written of, the same ones again and again: random, in memory, aligned as O_DIRECT asks.
///
/// Unchecked, because nothing changes after the start.
final class DiskSource: @unchecked Sendable {
  /// Bytes handed over at once.
  static let pieceSize = 1 << 20
  /// Enough for any disk that is in use.
  private static let alignment = 4096

  /// One piece, for system calls.
  let bytes: UnsafeRawBufferPointer
  /// The same, for the store.
  let buffer: ByteBuffer

  init() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: Self.alignment)
    var noise = Noise(seed: 2)
    noise.fill(memory)
    bytes = UnsafeRawBufferPointer(memory)
    buffer = ByteBuffer(bytes: bytes)
  }

  deinit {
    bytes.deallocate()
  }
}
