import Basics
import DashboardApp
package import UploadCore

/// Writes a file of an exact size to try uploads with: numbered rows (``SampleRows``), or random bytes.
///
/// Fast enough to fill gigabytes in seconds; blocks its thread while it does. Nothing is synced: a sample is made anew.
package struct SampleWriter: Sendable {
  /// A piece is large enough that a system call a piece does not count, small enough to stay in the processor's cache.
  private static let pieceSize = 1 << 20
  /// The least time between two calls of `progress`.
  private static let progressInterval = Duration.milliseconds(100)

  private let path: String
  private let size: SizeSetting
  private let random: Bool
  private let force: Bool

  /// - Parameters:
  ///   - path: where the file is made; its directory must be there.
  ///   - size: in bytes, kept exactly.
  ///   - random: bytes that do not compress, instead of rows.
  ///   - force: replace a regular file of that name, once the new one is complete.
  package init(path: String, size: SizeSetting, random: Bool, force: Bool) {
    self.path = path
    self.size = size
    self.random = random
    self.force = force
  }

  /// Writes the file, or leaves nothing behind.
  /// - Parameters:
  ///   - onBegin: called once the file has been created, with the path that the bytes go to until it is complete.
  ///   - progress: called with the bytes written so far, at most every 100 ms, and once at the end.
  ///   - isCancelled: asked before every piece of 1 MiB.
  /// - Throws: ``UploadError``: `nameTaken`, `badDirectory`, `diskFull` (before the first byte where that can be known),
  ///   `storageFailed`, or `cancelled`.
  package func write(
    onBegin: (String) -> Void = { _ in },
    progress: (UInt64) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws(UploadError) {
    let file = try OutputFile(path: path, existing: force ? .replace : .keep)
    onBegin(file.temporary)
    try file.reserve(size)
    if random {
      try write(SampleNoise(), to: file, progress, isCancelled)
    } else {
      try write(SampleRows(size: size.bytes), to: file, progress, isCancelled)
    }
    try file.finish()
    progress(size.bytes)
  }

  private func write(
    _ content: consuming some SampleContent,
    to file: borrowing OutputFile,
    _ progress: (UInt64) -> Void,
    _ isCancelled: () -> Bool
  ) throws(UploadError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize + SampleRows.slack, alignment: 4096)
    defer { buffer.deallocate() }
    let clock = ContinuousClock()
    var reportedAt = clock.now
    var written: UInt64 = 0
    while written < size.bytes {
      if isCancelled() {
        throw UploadError(.cancelled, "Making \(PlainText.sanitized(path)) was stopped; nothing of it is left.")
      }
      let count = Int(min(size.bytes - written, UInt64(Self.pieceSize)))
      content.fill(buffer, count: count)
      try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      written += UInt64(count)
      if written < size.bytes, clock.now - reportedAt >= Self.progressInterval {
        reportedAt = clock.now
        progress(written)
      }
    }
  }
}

/// The content of a sample file: endless, read in order.
protocol SampleContent {
  /// Fills the first `count` bytes of `buffer` with the next bytes.
  /// - Parameter buffer: at least ``SampleRows/slack`` bytes longer than `count`; what is behind `count` may be
  ///   scribbled over.
  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int)
}

/// Bytes that no compressor makes smaller, from a generator that begins anywhere.
struct SampleNoise: SampleContent {
  private var generator = SplitMix64(seed: .random(in: .min ... .max))

  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
    generator.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
}
