import Testing

@testable import TerminalNCurses

@Suite struct PasteBufferTests {
  /// What is pasted, and how many bytes it took.
  private func paste(_ text: String) -> String? {
    var buffer = PasteBuffer()
    for byte in text.utf8 {
      if let text = buffer.append(byte) { return text }
    }
    return nil
  }

  @Test func endsAtTheBracketOnly() {
    #expect(paste("a\u{1B}[20") == nil)
    #expect(paste("a\u{1B}[201~") == "a")
    #expect(paste("\u{1B}[201~") == "")
    #expect(paste("a\u{1B}\u{1B}[20\u{1B}[201~") == "a\u{1B}\u{1B}[20")
  }

  @Test func lineEndsBecomeLineFeeds() {
    #expect(paste("a\rb\r\nc\nd\r\r\u{1B}[201~") == "a\nb\nc\nd\n\n")
  }

  @Test(arguments: [-7, -6, -1, 0, 1, 5, 6, 7, 1000])
  func isBounded(_ excess: Int) throws {
    let text = String(repeating: "x", count: PasteBuffer.limit + excess)
    let pasted = try #require(paste(text + "\u{1B}[201~"))
    #expect(pasted.utf8.count == min(PasteBuffer.limit, PasteBuffer.limit + excess))
    #expect(pasted.utf8.allSatisfy { $0 == UInt8(ascii: "x") })
  }
}
