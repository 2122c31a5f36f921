/// Bytes of a pipe, cut into lines.
struct LineBuffer {
  /// No line of ours is longer; of a longer one the rest is dropped.
  private static let longest = 64 << 10

  private var unfinished: [UInt8] = []

  /// Takes bytes as they come.
  /// - Returns: the lines that end in them, without line ends; what is not UTF-8 is repaired.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(String(decoding: unfinished, as: UTF8.self))
        unfinished.removeAll(keepingCapacity: true)
      } else if unfinished.count < Self.longest {
        unfinished.append(byte)
      }
    }
    return lines
  }
}
