import TerminalUI
import Testing

@Suite struct TextFieldTests {
  /// A field with some text after some keys.
  private func edited(_ text: String, _ keys: KeyEvent...) -> TextField {
    var field = TextField(text)
    for key in keys {
      let isHandled = field.handle(key)
      #expect(isHandled, "\(key)")
    }
    return field
  }

  @Test(arguments: [
    ("a\nb\t\u{7}c\n", "a b c"), ("one\r\ntwo\r\n\r\n", "one two"), ("\n\n", ""), ("\u{1B}[31mred", "[31mred"),
    ("漢字 e\u{301}", "漢字 e\u{301}"),
  ])
  func `inserted tabs and line breaks become spaces; line breaks at the end and controls are dropped`(
    text: String,
    line: String
  ) {
    #expect(TextField(text).text == line)
  }

  @Test func `typed characters are inserted at the cursor`() {
    let field = edited("ac", KeyEvent(.left), KeyEvent("b"), KeyEvent("B", .shift))
    #expect(field.text == "abBc" && field.cursor == 3)
  }

  @Test func `the usual keys and those of shells move and delete by characters, by words and to either end`() {
    #expect(edited("/home/ann/vinyl", KeyEvent("w", .control)).text == "/home/ann/")
    #expect(edited("/home/ann/vinyl", KeyEvent("u", .control)).isEmpty)
    #expect(edited("abc", KeyEvent("a", .control), KeyEvent("k", .control)).isEmpty)
    #expect(edited("abc", KeyEvent(.home), KeyEvent(.delete)).text == "bc")
    #expect(edited("abc", KeyEvent(.home), KeyEvent("d", .control), KeyEvent("e", .control)).cursor == 2)
    #expect(edited("one two", KeyEvent("b", .alt), KeyEvent("b", .alt), KeyEvent("d", .alt)).text == " two")
    #expect(edited("one two", KeyEvent(.left, .control), KeyEvent("x")).text == "one xtwo")
    #expect(edited("one two", KeyEvent(.home), KeyEvent(.right, .control)).cursor == 3)
  }

  @Test func `keys that move or delete beyond either end change nothing`() {
    #expect(edited("", KeyEvent(.backspace), KeyEvent(.delete), KeyEvent(.left), KeyEvent(.right)).isEmpty)
    #expect(edited("ab", KeyEvent(.end), KeyEvent("f", .control), KeyEvent("k", .control)).text == "ab")
  }

  @Test func `keys that do not edit return false and change nothing`() {
    var field = TextField("a")
    for key in [KeyEvent(.up), KeyEvent(.enter), KeyEvent("x", .control), KeyEvent("x", .alt), KeyEvent(.function(1))] {
      let isHandled = field.handle(key)
      #expect(!isHandled && field == TextField("a"))
    }
  }

  @Test func `backspace removes one visible character`() {
    #expect(edited("a👩\u{200D}👩\u{200D}👧", KeyEvent(.backspace)).text == "a")
    #expect(edited("ae\u{301}", KeyEvent(.backspace)).text == "a")
  }

  @Test func `an inserted combining mark joins the character before the cursor`() {
    var field = TextField("e")
    field.insert("\u{301}x")
    #expect(field.text == "e\u{301}x" && field.cursor == 2)
  }

  @Test func `a field truncates a longer text to its limit, and a full one accepts no more`() {
    var field = TextField(String(repeating: "x", count: 5000))
    #expect(field.text.count == TextField.limit)
    field.insert("y")
    #expect(!field.text.contains("y"))
    field.clear()
    #expect(field == TextField())
  }

  @Test(arguments: [
    (0, "abcde", 0), (1, "abcde", 1), (4, "cdefg", 2), (8, "efgh ", 4),
  ])
  func `a text too long for its row is scrolled around the cursor`(place: Int, text: String, column: Int) {
    var field = edited("abcdefgh", KeyEvent(.home))
    for _ in 0..<place { _ = field.handle(KeyEvent(.right)) }
    var surface = Surface.test(width: 5, height: 1)
    surface.draw(field, in: surface.bounds)
    #expect(surface.text(ofRow: 0) == text)
    #expect(surface.cursor == Point(x: column, y: 0))
  }

  @Test func `the cursor's place on the screen counts columns, not characters, and is nil at width 0`() {
    var surface = Surface.test(width: 9, height: 1)
    surface.draw(TextField("漢字e\u{301}"), in: surface.bounds)
    #expect(surface.cursor == Point(x: 5, y: 0))
    var narrow = Surface.test(width: 0, height: 1)
    narrow.draw(TextField("漢字"), in: narrow.bounds)
    #expect(narrow.cursor == nil)
  }

  @Test func `a part of the text can be drawn in another style, also in a scrolled field`() {
    let style = Style(foreground: Color(index: 9))
    for (text, range, width, marked) in [
      ("abcdef", 1..<3, 10, "bc"), ("abcdef", 4..<99, 10, "ef"), ("abcdef", 9..<12, 10, ""), ("漢字ab", 1..<3, 10, "字a"),
      ("abcdef", 0..<6, 4, "def"),
    ] {
      var surface = Surface.test(width: width, height: 1)
      TextField(text).draw(on: &surface, marking: range, style: style)
      let cells = surface.row(0).filter { $0.style.foreground == style.foreground && !$0.isContinuation }
      #expect(cells.map { String($0.scalar) }.joined() == marked, "\(text) \(range)")
    }
  }
}
