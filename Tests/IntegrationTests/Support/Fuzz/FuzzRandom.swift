import UploadTestSupport

/// Choices that follow from a seed.
struct FuzzRandom {
  private var generator: SplitMix64

  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
  }

  /// From 0 up to, but not including, `limit`, which is above 0.
  mutating func below(_ limit: Int) -> Int {
    Int(generator.next() % UInt64(limit))
  }

  /// True once in `count` times.
  mutating func oneIn(_ count: Int) -> Bool {
    below(count) == 0
  }

  /// One of `choices`, of which there are some.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
    choices[below(choices.count)]
  }

  /// Up to `most` bytes of any value.
  mutating func bytes(upTo most: Int) -> [UInt8] {
    SplitMix64.bytes(below(most + 1), seed: generator.next())
  }
}

extension [UInt8] {
  mutating func add(_ text: String) {
    append(contentsOf: text.utf8)
  }
}
