import Basics
import Testing

@Suite struct SplitMix64Tests {
  @Test func `the numbers are those of the reference implementation`() {
    var generator = SplitMix64(seed: 1_234_567)
    let numbers: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    for number in numbers { #expect(generator.next() == number) }
  }

  @Test(arguments: 0...17)
  func `random bytes are those of the random numbers, the lowest first, for any count`(count: Int) {
    var generator = SplitMix64(seed: 7)
    let numbers = (0..<3).map { _ in generator.next() }
    let expected = numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    #expect(SplitMix64.bytes(count, seed: 7) == Array(expected.prefix(count)))
    var other = SplitMix64(seed: 7)
    #expect(other.bytes(count) == Array(expected.prefix(count)))
  }
}
