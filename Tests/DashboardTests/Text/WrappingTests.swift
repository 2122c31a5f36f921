import TerminalUI
import Testing

@testable import Dashboard

@Suite struct WrappingTests {
  @Test func linesEndBetweenWords() {
    #expect("one two three".wrapped(to: 7) == ["one two", "three"])
    #expect("one two three".wrapped(to: 6) == ["one", "two", "three"])
    #expect("  one   two ".wrapped(to: 9) == ["one two"])
    #expect("".wrapped(to: 9).isEmpty)
  }

  @Test func aWordThatIsTooWideIsBroken() {
    #expect("use abcdefgh now".wrapped(to: 4) == ["use", "abcd", "efgh", "now"])
    #expect("漢字漢字".wrapped(to: 5) == ["漢字", "漢字"])
    #expect("漢字".wrapped(to: 1) == ["漢", "字"])
    #expect("ab".wrapped(to: -3) == ["a", "b"])
  }

  @Test func whatIsLeftGoesOnInTheLastLine() {
    #expect("one two three four".wrapped(to: 7, limit: 2) == ["one two", "three four"])
  }
}
