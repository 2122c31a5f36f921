import Glibc
import Synchronization

/// Identifies one upload, or one request, in events and logs. Shown as twelve lower-case hexadecimal digits; random, so
/// that the logs of two servers can be merged.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
  private let value: UInt64

  /// A new identifier: 48 random bits from the system's generator.
  package init() { value = Self.bits.withLock { $0.next() } >> 16 }

  private static let bits = Mutex(RandomBits())

  /// The identifier of a ``description``; nil for any other text.
  package init?(_ description: String) {
    guard description.utf8.count == 12, description.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }),
      let value = UInt64(description, radix: 16)
    else { return nil }
    self.value = value
  }

  package var description: String { withUnsafeBytes(of: value.bigEndian) { Hexadecimal.text($0.suffix(6)) } }
}

/// Random numbers of the system's generator, which a system call returns many of: each small file has two identifiers, and a
/// call for each costs more than anything else that is done with them.
private struct RandomBits {
  /// In numbers; `getentropy` returns at most 256 bytes.
  private static let blockSize = 32

  private var block: [UInt64] = []

  mutating func next() -> UInt64 {
    if block.isEmpty {
      block = [UInt64](repeating: 0, count: Self.blockSize)
      let result = block.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
      // Kernels without the call: Swift's own generator has another way.
      if result != 0 { block = block.map { _ in UInt64.random(in: .min ... .max) } }
    }
    return block.removeLast()
  }
}
