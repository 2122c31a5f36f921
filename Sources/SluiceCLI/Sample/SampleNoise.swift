/// Bytes that no compressor makes smaller: SplitMix64 (Steele, Lea and Flood 2014), eight bytes a step, begun from the
/// system's generator. Fast and without pattern, but no secret.
struct SampleNoise: SampleContent {
  private var state = UInt64.random(in: .min ... .max)

  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
    // The last word may reach behind `count`, into the slack.
    for offset in stride(from: 0, to: count, by: 8) {
      buffer.storeBytes(of: next(), toByteOffset: offset, as: UInt64.self)
    }
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
