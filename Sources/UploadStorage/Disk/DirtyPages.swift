import UploadCore

/// What the whole machine has still to write to its disks.
enum DirtyPages {
  /// A disk that writes 100 MB a second is done with so much in little over a second, and pays that once: what has been
  /// written is not dirty any more. In bytes.
  private static let few: UInt64 = 128 * 1024 * 1024

  /// Whether there is so little that waiting for all of it costs next to nothing.
  static var areFew: Bool {
    let text = ProcFile.read("/proc/meminfo")
    guard let dirty = ProcFile.kibibytes(of: "Dirty", inText: text),
      let underWay = ProcFile.kibibytes(of: "Writeback", inText: text)
    else { return false }
    return (dirty + underWay) * 1024 <= few
  }
}
