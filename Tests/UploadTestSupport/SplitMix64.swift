/// A small generator of random numbers that gives the same ones every time (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014).
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64 = 0x5EED) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// `count` bytes that no compressor makes smaller, the same for the same seed.
  package static func bytes(_ count: Int, seed: UInt64 = 0x5EED) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      var word: UInt64 = 0
      for index in 0..<count {
        if index % 8 == 0 { word = generator.next() }
        buffer[index] = UInt8(truncatingIfNeeded: word)
        word >>= 8
      }
      written = count
    }
  }
}
