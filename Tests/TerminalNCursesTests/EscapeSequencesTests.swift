import TerminalUI
import Testing

@testable import TerminalNCurses

@Suite struct EscapeSequencesTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64(_ text: String, _ encoded: String) {
    // The vectors of RFC 4648 section 10.
    #expect(Base64.encoded(text.utf8) == encoded)
    #expect(EscapeSequences.clipboard(text) == "\u{1B}]52;c;\(encoded)\u{7}")
  }

  @Test func tooMuchForTheClipboardIsNotSent() {
    #expect(EscapeSequences.clipboard(String(repeating: "x", count: 74_994)) != nil)
    #expect(EscapeSequences.clipboard(String(repeating: "x", count: 74_995)) == nil)
  }

  @Test func aTitleCannotEndItself() {
    #expect(EscapeSequences.title("a\u{7}\u{1B}[31m") == "\u{1B}]2;a\u{FFFD}\u{FFFD}[31m\u{7}")
  }

  @Test(arguments: [
    (TaskbarProgress.none, "0"), (.part(0.5), "1;50"), (.part(-1), "1;0"), (.part(.nan), "1;0"), (.part(7), "1;100"),
    (.busy, "3"), (.error, "2;100"),
  ])
  func progress(_ progress: TaskbarProgress, _ parameters: String) {
    #expect(EscapeSequences.progress(progress) == "\u{1B}]9;4;\(parameters)\u{7}")
  }
}
