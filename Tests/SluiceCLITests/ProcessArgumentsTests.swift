import Testing
import UploadCore

@testable import SluiceCLI

@Suite struct ProcessArgumentsTests {
  private let latin = NameBytes([0x63, 0x61, 0x66, 0xE9]).losslessText

  private func check(_ arguments: [String]) throws {
    try ProcessArguments.checkBytes(arguments)
  }

  @Test func `names of files to send and --name may contain bytes that are not UTF-8`() throws {
    for arguments in [
      ["send", latin, "--to", "http://h"], ["send", "--to=http://h", "--", latin], ["dashboard", latin],
      ["send", "-", "--name", latin, "--to", "http://h"], ["send", "-", "--name=\(latin)", "--to", "http://h"],
    ] {
      #expect(throws: Never.self) { try check(arguments) }
    }
  }

  @Test func `other arguments with bytes that are not UTF-8 are rejected`() {
    for arguments in [
      ["serve", "--dir", latin], ["serve", "--dir=\(latin)"], ["sample", latin], ["compare", latin],
      ["headless", latin],
      ["send", "f", "--to", latin], ["send", "f", "--\(latin)"], ["dashboard", "--dir", latin],
    ] {
      let error = #expect(throws: UploadError.self) { try check(arguments) }
      #expect(error?.message.contains("caf\\xE9") == true || error?.message.contains("not UTF-8") == true)
    }
  }
}
