import Testing

@testable import UploadReport

@Suite struct TextWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("äöü", 3), ("写真", 4), ("e\u{301}", 1), ("한글", 4), ("📷", 2), ("ｆｕｌｌ", 8), ("\u{FFFD}", 1),
    ("█▌─", 3), ("…", 1), ("\u{1100}\u{1161}", 2), ("Z\u{336}\u{337}\u{338}", 1),
    ("👩🏽\u{200D}🚀", 4), ("❤\u{FE0F}\u{200D}🔥", 3), ("می\u{200C}خواهم", 7), ("🏴\u{E0067}\u{E007F}", 2),
  ])
  func `wide characters have two columns and combining ones none`(text: String, columns: Int) {
    #expect(TextWidth.columns(text) == columns)
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 2, "a…"), ("abcdef", 1, "a"), ("abcdef", 0, ""),
    ("abcdef", -1, ""), ("写真写真", 7, "写真写…"), ("写真写真", 6, "写真…"), ("写真", 1, ""), ("e\u{301}fg", 2, "e\u{301}…"),
    ("👩🏽\u{200D}🚀.png", 20, "👩🚀.png"), ("👩🏽\u{200D}🚀.png", 5, "👩🚀…"), ("می\u{200C}خواهم", 8, "می\u{200C}خواهم"),
  ])
  func `text wider than the limit is truncated, and ends with an ellipsis if that is narrower than the limit`(
    text: String,
    width: Int,
    truncated: String
  ) {
    #expect(TextWidth.truncated(text, to: width) == truncated)
  }

  @Test(arguments: -1...12)
  func `text aligned left or right has exactly its width`(width: Int) {
    for text in ["", "a", "写真写真", "abcdefghijklmnop"] {
      #expect(TextWidth.columns(TextWidth.left(text, width)) == max(0, width))
      #expect(TextWidth.columns(TextWidth.right(text, width)) == max(0, width))
    }
    #expect(TextWidth.left("a", 3) == "a  ")
    #expect(TextWidth.right("a", 3) == "  a")
  }
}
