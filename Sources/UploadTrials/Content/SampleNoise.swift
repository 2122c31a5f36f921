import Basics

/// Bytes that no compressor makes smaller, from a generator that begins anywhere.
struct SampleNoise: SampleContent {
  private var generator = SplitMix64(seed: .random(in: .min ... .max))

  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
    generator.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
}
