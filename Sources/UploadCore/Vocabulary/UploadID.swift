/// Names one upload, or one request, in events and logs: twelve hexadecimal digits, random, so that the lines of two
/// servers can be put together.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
  private let value: UInt64

  /// A new identifier from the system's generator: 48 bits.
  package init() {
    value = UInt64.random(in: 0..<(1 << 48))
  }

  package var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 12 - digits.count) + digits
  }
}
