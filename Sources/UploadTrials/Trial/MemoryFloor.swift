import UploadCore

/// The least memory a client needs whatever it sends.
struct MemoryFloor: Sendable, Equatable {
  /// What a bigger file may take beyond what a tiny one does.
  private static let slack: UInt64 = 8 << 20
  /// How far two measurements may lie apart: a limit that was named as the least must not be too low the next time.
  private static let spread: UInt64 = 4 << 20

  /// The smallest limit that makes sense, in bytes; whole MiB. Which is told; one that is a little lower is let pass.
  let least: UInt64

  /// - Parameter peak: what Sluice's own stream of a tiny file took, in bytes.
  init(peak: UInt64) {
    least = ((peak + Self.slack + (1 << 20) - 1) >> 20) << 20
  }

  /// - Throws: ``UploadError`` with code `badValue` and the least that works.
  func check(_ limit: SizeSetting) throws(UploadError) {
    guard limit.bytes < least - Self.spread else { return }
    throw UploadError(
      .badValue,
      "--max-memory \(limit) is too little for any client. The least that works here is "
        + "\(least >> 20)MiB."
    )
  }
}
