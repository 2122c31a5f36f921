import TerminalUI
import Testing

@Suite struct TextClustersTests {
  /// The row of a grid that shows a text, as wide as the text.
  private func shown(_ text: String) -> String {
    var surface = Surface.test(width: text.columns, height: 1)
    surface.write(text, x: 0, y: 0)
    return surface.text(ofRow: 0)
  }

  @Test func `all C0 and C1 controls and DEL become replacement characters`() {
    let controls = (0..<0x20).map { $0 } + Array(0x7F..<0xA0)
    for value in controls {
      #expect(shown("a\(Unicode.Scalar(UInt8(value)))b") == "a\u{FFFD}b", "U+\(String(value, radix: 16))")
    }
  }

  @Test func `escape sequences and bidirectional controls in a name become replacement characters`() {
    #expect(shown("evil\u{1B}]0;pwned\u{7}\u{202E}gnp.exe") == "evil\u{FFFD}]0;pwned\u{FFFD}\u{FFFD}gnp.exe")
  }

  @Test(arguments: [
    "\u{AD}", "\u{61C}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}",
    "\u{2060}", "\u{2066}", "\u{2069}", "\u{FEFF}", "\u{FFF9}", "\u{E0001}", "\u{E0061}", "\u{3164}", "\u{115F}",
    "\u{1160}", "\u{34F}", "\u{378}", "\u{10FFFF}", "\u{FFFE}",
  ])
  func `invisible, bidirectional and unassigned scalars become replacement characters`(_ scalar: String) {
    #expect(shown("a\(scalar)b") == "a\u{FFFD}b")
  }

  @Test func `a character keeps at most three combining marks, which take no column`() {
    #expect(shown("e\u{301}\u{323}x") == "e\u{301}\u{323}x")
    #expect(shown("a" + String(repeating: "\u{301}", count: 1000) + "b") == "a\u{301}\u{301}\u{301}b")
    #expect("a\u{301}".columns == 1)
  }

  @Test func `a combining mark at the start of a text becomes a replacement character`() {
    #expect(shown("\u{301}a") == "\u{FFFD}a")
  }

  @Test func `joiners and variation selectors after emoji are dropped; joiners elsewhere are replaced`() {
    #expect("👍".columns == 2)
    #expect(shown("👨\u{200D}👩\u{200D}👧") == "👨👩👧")
    #expect(shown("-\u{200D}b") == "-\u{FFFD}b")
    #expect(shown("\u{200C}b") == "\u{FFFD}b")
    #expect(shown("❤\u{FE0F}x") == "❤x")
    #expect("🇩🇪".columns == 2)
  }

  @Test(arguments: [
    ("👩🏽\u{200D}🚀", "👩🚀", 4), ("👍🏽x", "👍x", 3), ("🏽", "🏽", 2), ("🏳\u{FE0F}\u{200D}🌈", "🏳🌈", 3),
    ("❤\u{FE0F}\u{200D}🔥", "❤🔥", 3),
    ("🏴\u{E0067}\u{E0062}\u{E007F}.", "🏴.", 3), ("می\u{200C}خواهم", "میخواهم", 7),
    ("1\u{FE0F}\u{20E3}", "1\u{20E3}", 1),
  ])
  func `joiners, skin tones, selectors and tags after a character are dropped and take no column`(
    text: String,
    shown: String,
    columns: Int
  ) {
    #expect(self.shown(text) == shown)
    #expect(text.columns == columns)
  }

  @Test func `spelled-out Hangul is one wide cell`() {
    #expect("\u{1112}\u{1161}\u{11AB}".columns == 2)
    #expect(shown("\u{1112}\u{1161}\u{11AB}") == "\u{1112}\u{1161}\u{11AB}")
  }
}
