import Testing
import UploadCore

@testable import SluiceCLI

@Suite struct ProcessArgumentsTests {
  @Test func whatIsNotUTF8IsRefused() throws {
    #expect(try ProcessArguments.text("caf\u{E9}.txt") == "caf\u{E9}.txt")
    let latin: [CChar] = [0x63, 0x61, 0x66, CChar(bitPattern: 0xE9), 0x2E, 0x74, 0]
    let error = #expect(throws: UploadError.self) { try ProcessArguments.text(latin) }
    #expect(error?.message.contains("\"caf\u{FFFD}.t\" is not UTF-8") == true)
  }
}
