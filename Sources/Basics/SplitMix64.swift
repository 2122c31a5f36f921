/// A fast generator of reproducible random numbers: the same seed gives the same sequence (Steele, Lea and Flood,
/// "Fast Splittable Pseudorandom Number Generators", 2014). Predictable, so never for secrets.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64 = 0x5EED) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Fills `buffer` with the next random bytes, which cannot be compressed: eight from each number, the lowest first.
  /// The unused bytes of the last number are dropped.
  package mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    let whole = buffer.count - buffer.count % 8
    for offset in stride(from: 0, to: whole, by: 8) {
      buffer.storeBytes(of: next().littleEndian, toByteOffset: offset, as: UInt64.self)
    }
    guard whole < buffer.count else { return }
    var number = next()
    for offset in whole..<buffer.count {
      buffer[offset] = UInt8(truncatingIfNeeded: number)
      number >>= 8
    }
  }

  /// Returns the next `count` random bytes, the same as ``fill(_:)`` would write; a negative count traps.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      written = count
    }
  }

  /// The first `count` random bytes of the sequence for `seed`, always the same ones; a negative count traps.
  package static func bytes(_ count: Int, seed: UInt64 = 0x5EED) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    return generator.bytes(count)
  }
}
