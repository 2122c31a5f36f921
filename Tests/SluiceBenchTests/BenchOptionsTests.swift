import Testing

@testable import sluice_bench

@Suite struct BenchOptionsTests {
  private enum Fruit: String, CaseIterable {
    case apple, pear
  }

  @Test func `lists of sizes, numbers and choices are separated by commas`() throws {
    #expect(try Parse.list(Parse.size)("4KiB,1MB") == [4096, 1_000_000])
    #expect(try Parse.list(Parse.number(in: 1...100))("1,64") == [1, 64])
    let fruit: [Fruit] = try Parse.list(Parse.choice)("pear,apple")
    #expect(fruit == [.pear, .apple])
  }

  @Test(arguments: ["0", "101", "x", "", "-1", "1.5"])
  func `a number out of range, or text that is no whole number, is rejected`(_ text: String) {
    #expect(throws: (any Error).self) { try Parse.number(in: 1...100)(text) }
  }

  @Test(arguments: ["0", "x", "1PiB", "2048TiB"])
  func `a size that is 0, malformed or too large is rejected`(_ text: String) {
    #expect(throws: (any Error).self) { try Parse.size(text) }
  }

  @Test func `a list with an unknown choice is rejected`() {
    #expect(throws: (any Error).self) { let _: [Fruit] = try Parse.list(Parse.choice)("apple,plum") }
  }
}
