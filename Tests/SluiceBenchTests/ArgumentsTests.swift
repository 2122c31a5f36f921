import Testing
import UploadCore

@testable import sluice_bench

@Suite struct ArgumentsTests {
  private enum Fruit: String, CaseIterable {
    case apple, pear
  }

  @Test func `options are taken with their values`() throws {
    var arguments = Arguments([
      "--json", "--rounds", "7", "--sizes", "4KiB,1MB", "--fruit", "pear", "--at-once", "1,64", "--dir", "/x",
    ])
    let json = arguments.takeSwitch("--json")
    let rounds = try arguments.takeNumber("--rounds", default: 5)
    let sizes = try arguments.takeSizes("--sizes", default: [])
    let fruit: [Fruit] = try arguments.takeChoices("--fruit")
    let atOnce = try arguments.takeNumbers("--at-once", default: [], in: 1...100)
    let directory = try arguments.takeValue("--dir")
    try arguments.expectNoneLeft()
    #expect(json)
    #expect(rounds == 7)
    #expect(sizes == [4096, 1_000_000])
    #expect(fruit == [.pear])
    #expect(atOnce == [1, 64])
    #expect(directory == "/x")
  }

  @Test func `missing options have their defaults`() throws {
    var arguments = Arguments([])
    let json = arguments.takeSwitch("--json")
    let rounds = try arguments.takeNumber("--rounds", default: 5)
    let size = try arguments.takeSize("--size", default: 9)
    let fruit: [Fruit] = try arguments.takeChoices("--fruit")
    let directory = try arguments.takeValue("--dir")
    #expect(!json)
    #expect(rounds == 5)
    #expect(size == 9)
    #expect(fruit == [.apple, .pear])
    #expect(directory == nil)
  }

  @Test(arguments: ["0", "101", "x", "", "-1", "1.5"])
  func `numbers out of range are rejected`(_ text: String) {
    var arguments = Arguments(["--rounds", text])
    let error = #expect(throws: UploadError.self) {
      try arguments.takeNumber("--rounds", default: 5, in: 1...100)
    }
    #expect(error?.code == .badValue)
    #expect(error?.message == "--rounds must be from 1 to 100.")
  }

  @Test(arguments: ["0", "x", "1PiB", "2048TiB"])
  func `sizes that cannot be read are rejected`(_ text: String) {
    var arguments = Arguments(["--size", text])
    #expect(throws: UploadError.self) { try arguments.takeSize("--size", default: 5) }
  }

  @Test func `unknown words and missing values are rejected`() {
    var fruit = Arguments(["--fruit", "apple,plum"])
    let unknown = #expect(throws: UploadError.self) { let _: [Fruit] = try fruit.takeChoices("--fruit") }
    #expect(unknown?.message == "--fruit takes apple, pear, not \"plum\".")
    var cut = Arguments(["--dir"])
    #expect(throws: UploadError.self) { try cut.takeValue("--dir") }
    #expect(throws: UploadError.self) { try Arguments(["--what"]).expectNoneLeft() }
  }
}
