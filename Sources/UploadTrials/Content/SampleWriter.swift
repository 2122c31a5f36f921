import Basics
import DashboardApp
package import UploadCore

/// Writes a file of an exact size to try uploads with: numbered rows (``SampleRows``), or random bytes.
///
/// Fast enough to fill gigabytes in seconds; blocks its thread meanwhile. Nothing is synced: a lost sample can be written again.
package struct SampleWriter: Sendable {
  /// Bytes in one write: enough that the time of the system call does not count, few enough for the processor's cache.
  private static let chunkSize = 1 << 20
  /// The least time between two calls of `progress`.
  private static let progressInterval = Duration.milliseconds(100)

  private let path: String
  private let size: SizeSetting
  private let random: Bool
  private let force: Bool

  /// - Parameters:
  ///   - path: of the file to write; its directory must exist.
  ///   - size: in bytes, kept exactly.
  ///   - random: whether to write bytes that do not compress, instead of rows.
  ///   - force: whether to replace a regular file of that name, once the new one is complete; otherwise it is an error.
  package init(path: String, size: SizeSetting, random: Bool, force: Bool) {
    self.path = path
    self.size = size
    self.random = random
    self.force = force
  }

  /// Writes the file. When that fails, no part of it is left, and an existing file is unchanged.
  /// - Parameters:
  ///   - onBegin: called once the file has been created, with the path that the bytes go to until it is complete.
  ///   - progress: called with the bytes written so far, at most every 100 ms, and once at the end.
  ///   - isCancelled: called before every chunk of 1 MiB; true ends the writing.
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
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkSize + SampleRows.slack, alignment: 4096)
    defer { buffer.deallocate() }
    var rows = SampleRows(size: size.bytes)
    // Bytes that no compressor makes smaller, others in every file.
    var noise = SplitMix64(seed: .random(in: .min ... .max))
    var reportedAt = ContinuousClock.now
    var written: UInt64 = 0
    while written < size.bytes {
      if isCancelled() {
        throw UploadError(.cancelled, "Writing \(PlainText.sanitized(path)) was cancelled; the file was removed.")
      }
      let count = Int(min(size.bytes - written, UInt64(Self.chunkSize)))
      let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      if random { noise.fill(chunk) } else { rows.fill(buffer, count: count) }
      try file.write(UnsafeRawBufferPointer(chunk))
      written += UInt64(count)
      if written < size.bytes, ContinuousClock.now - reportedAt >= Self.progressInterval {
        reportedAt = .now
        progress(written)
      }
    }
    try file.finish()
    progress(size.bytes)
  }
}
