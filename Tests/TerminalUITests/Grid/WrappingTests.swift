import TerminalUI
import Testing

@Suite struct WrappingTests {
  @Test func `text is wrapped at spaces, and repeated spaces are dropped`() {
    #expect("one two three".wrapped(to: 7) == ["one two", "three"])
    #expect("one two three".wrapped(to: 6) == ["one", "two", "three"])
    #expect("  one   two ".wrapped(to: 9) == ["one two"])
    #expect("".wrapped(to: 9).isEmpty)
  }

  @Test func `a part that is wider than a row is broken`() {
    #expect("use abcdefgh now".wrapped(to: 4) == ["use", "abcd", "efgh", "now"])
    #expect("漢字漢字".wrapped(to: 5) == ["漢字", "漢字"])
    #expect("漢字".wrapped(to: 1) == ["漢", "字"])
    #expect("ab".wrapped(to: -3) == ["a", "b"])
  }

  @Test func `with a limit of rows the last one contains the rest of the text`() {
    #expect("one two three four".wrapped(to: 7, limit: 2) == ["one two", "three four"])
  }

  @Test(arguments: 1...12)
  func `no row is wider than requested, except by one wide character, and no text is lost`(width: Int) {
    let text = "The name in the request has 漢字 and a-very-long-word in it: send the file again."
    let lines = text.wrapped(to: width)
    #expect(lines.allSatisfy { $0.columns <= max(width, 2) })
    #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
  }

  @Test func `text too long for its region is wrapped, and the last row ends in an ellipsis`() {
    var surface = Surface.test(width: 7, height: 2)
    surface.writeWrapped("one two three four", style: surface.theme.text)
    #expect(surface.text == "one two\nthree …\n")
    var empty = Surface.test(width: 7, height: 0)
    empty.writeWrapped("one two", style: empty.theme.text)
    #expect(empty.text.isEmpty)
  }
}
