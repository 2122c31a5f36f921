/// Bytes to send to the server, generated from a seed.
struct FuzzCase: CustomStringConvertible {
  let seed: UInt64
  let kind: FuzzKind
  let bytes: [UInt8]
  /// Whether the request is complete: its headers end, and its body has the declared length, so the server must
  /// respond. After other requests the client has to end the sending side.
  let isWhole: Bool

  /// Half of the cases are as their generator made them, half are damaged.
  init(seed: UInt64) {
    var random = FuzzRandom(seed: seed)
    let kind = random.pick(FuzzKind.allCases)
    var (bytes, isWhole) = Self.make(kind, &random)
    if random.oneIn(2) {
      isWhole = false
      let other = random.oneIn(4) ? Self.make(random.pick(FuzzKind.allCases), &random).bytes : []
      for _ in 0...random.below(4) { FuzzDamage.apply(to: &bytes, splicing: other, &random) }
    }
    (self.seed, self.kind, self.bytes, self.isWhole) = (seed, kind, bytes, isWhole)
  }

  private static func make(_ kind: FuzzKind, _ random: inout FuzzRandom) -> (bytes: [UInt8], isWhole: Bool) {
    switch kind {
    case .heads: (HeadFuzz.make(&random), false)
    case .chunks: ChunkFuzz.make(&random)
    case .forms: FormFuzz.make(&random)
    case .names: NameFuzz.make(&random)
    }
  }

  /// How to run it alone, and how it begins.
  var description: String {
    let start = String(decoding: bytes.prefix(600), as: UTF8.self).debugDescription
    return "\(kind), SLUICE_FUZZ_SEED=\(seed) SLUICE_FUZZ_CASES=1, \(bytes.count) bytes: \(start)"
  }
}
