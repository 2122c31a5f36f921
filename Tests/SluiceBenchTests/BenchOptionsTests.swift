import Testing

@testable import sluice_bench

@Suite struct BenchOptionsTests {
  private enum Fruit: String, CaseIterable {
    case apple, pear
  }

  @Test func `lists are separated by commas`() throws {
    #expect(try BenchValue.sizes("4KiB,1MB") == [4096, 1_000_000])
    #expect(try BenchValue.numbers(in: 1...100)("1,64") == [1, 64])
    let fruit: [Fruit] = try BenchValue.choices("pear,apple")
    #expect(fruit == [.pear, .apple])
  }

  @Test(arguments: ["0", "101", "x", "", "-1", "1.5"])
  func `a number out of range is rejected`(_ text: String) {
    #expect(throws: (any Error).self) { try BenchValue.number(in: 1...100)(text) }
  }

  @Test(arguments: ["0", "x", "1PiB", "2048TiB"])
  func `a malformed or too large size is rejected`(_ text: String) {
    #expect(throws: (any Error).self) { try BenchValue.size(text) }
  }

  @Test func `an unknown choice is rejected`() {
    #expect(throws: (any Error).self) { let _: [Fruit] = try BenchValue.choices("apple,plum") }
  }
}
