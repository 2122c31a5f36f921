import TerminalUI
import Testing

@testable import TerminalNCurses

@Suite struct EscapeSequencesTests {
  @Test func `text for the clipboard is sent in Base64`() {
    #expect(EscapeSequences.clipboard("fooba") == "\u{1B}]52;c;Zm9vYmE=\u{7}")
    #expect(EscapeSequences.clipboard("é") == "\u{1B}]52;c;w6k=\u{7}")
  }

  @Test func `a text of more than 74,994 bytes is not sent to the clipboard`() {
    #expect(EscapeSequences.clipboard(String(repeating: "x", count: 74_994)) != nil)
    #expect(EscapeSequences.clipboard(String(repeating: "x", count: 74_995)) == nil)
  }

  @Test func `controls in a title are replaced, so that they cannot end its sequence`() {
    #expect(EscapeSequences.title("a\u{7}\u{1B}[31m") == "\u{1B}]2;a\u{FFFD}\u{FFFD}[31m\u{7}")
  }

  @Test(arguments: [
    (TaskbarProgress.none, "0"), (.part(0.5), "1;50"), (.part(-1), "1;0"), (.part(.nan), "1;0"), (.part(7), "1;100"),
    (.busy, "3"), (.error, "2;100"),
  ])
  func `progress is sent as OSC 9;4 with 0 to 100 percent`(_ progress: TaskbarProgress, _ parameters: String) {
    #expect(EscapeSequences.progress(progress) == "\u{1B}]9;4;\(parameters)\u{7}")
  }
}
