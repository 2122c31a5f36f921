import TerminalUI
import Testing

@Suite struct StyledTextTests {
  /// A text in a field of some width, with a bar at both ends of it.
  private func field(
    _ text: String,
    _ width: Int,
    _ truncation: Truncation = .end,
    _ alignment: Alignment = .leading,
    glyphs: GlyphSet = .unicode
  ) -> String {
    var surface = Surface.test(width: width, height: 1, glyphs: glyphs)
    surface.write(StyledText(text), x: 0, y: 0, width: width, alignment: alignment, truncation: truncation)
    return surface.text(ofRow: 0)
  }

  @Test(arguments: [
    (Truncation.end, 10, "holiday-v…"), (.middle, 10, "holid….mp4"), (.start, 10, "…video.mp4"),
    (.end, 17, "holiday-video.mp4"), (.end, 2, "h…"), (.middle, 2, "h…"), (.start, 2, "…4"), (.end, 1, "…"),
    (.middle, 1, "…"), (.start, 1, "…"),
  ])
  func `text too wide for its field has an ellipsis at its end, middle or start`(
    how: Truncation,
    width: Int,
    text: String
  ) {
    #expect(field("holiday-video.mp4", width, how) == text)
  }

  @Test func `a field with a width of 0 or less shows nothing`() {
    var surface = Surface.test(width: 3, height: 1)
    surface.write("abc", x: 1, y: 0, width: 0)
    surface.write("abc", x: 1, y: 0, width: -2)
    #expect(surface.text(ofRow: 0) == "   ")
  }

  @Test(arguments: [(5, "漢字…"), (4, "漢… "), (3, "漢…"), (2, "… "), (8, "漢字漢字")])
  func `a wide character that does not fit whole is left out`(width: Int, text: String) {
    #expect(field("漢字漢字", width) == text)
  }

  @Test func `in ASCII the ellipsis is a tilde`() {
    #expect(field("abcdef", 4, glyphs: .ascii) == "abc~")
  }

  @Test(arguments: [(Alignment.leading, "ab    "), (.center, "  ab  "), (.trailing, "    ab")])
  func `text narrower than its field is aligned`(alignment: Alignment, text: String) {
    #expect(field("ab", 6, .end, alignment) == text)
  }

  @Test func `a truncated text narrower than its field is aligned`() {
    #expect(field("漢字漢字", 4, .end, .trailing) == " 漢…")
  }

  @Test func `columns that a text does not fill are unchanged`() {
    var surface = Surface.test(width: 5, height: 1)
    surface.write("-----", x: 0, y: 0)
    surface.write("ab", x: 0, y: 0, width: 4, alignment: .trailing)
    #expect(surface.text(ofRow: 0) == "--ab-")
  }

  @Test func `each span has its style on top of that of the whole text`() {
    var surface = Surface.test(width: 4, height: 1)
    let theme = surface.theme
    let text = StyledText([Span("a"), Span("b", theme.good), Span("c", Style(.bold))])
    surface.write(text, x: 0, y: 0, style: theme.accent)
    let styles = surface.row(0).map(\.style)
    #expect(styles == [theme.accent, theme.good, theme.accent.adding(.bold), theme.text])
  }

  @Test func `the ellipsis has the style of the first omitted character`() {
    var surface = Surface.test(width: 4, height: 1)
    let theme = surface.theme
    surface.write(StyledText([Span("abc", theme.good), Span("def", theme.bad)]), x: 0, y: 0, width: 4)
    #expect(surface.text(ofRow: 0) == "abc…")
    #expect(Array(surface.row(0))[3].style == theme.bad)
  }

  @Test func `joined texts have the sum of their columns, and a text of empty spans is empty`() {
    var text: StyledText = "漢a"
    text.append("b", .plain)
    #expect((text + "字").columns == 6)
    #expect(StyledText("").isEmpty && StyledText([Span(""), Span("")]).isEmpty && !text.isEmpty)
  }
}
