import TerminalUI
import Testing
import UploadTestSupport

@Suite struct SurfaceTests {
  @Test func `text outside of the surface is clipped`() {
    var surface = Surface.test(width: 5, height: 2)
    surface.write("abc", x: -1, y: 0)
    surface.write("defgh", x: 3, y: 1)
    surface.write("never", x: 0, y: 2)
    surface.write("never", x: 0, y: -1)
    surface.write("never", x: .max, y: 0)
    surface.write("never", x: .min, y: 0)
    #expect(surface.text == "bc   \n   de\n")
  }

  @Test func `writing returns the columns of the whole text, even if it is clipped`() {
    var surface = Surface.test(width: 3, height: 1)
    #expect(surface.write("abcdef", x: 0, y: 0) == 6)
    #expect(surface.write("漢字e\u{301}", x: 0, y: 9) == 5)
    #expect(surface.write(StyledText([Span("ab"), Span("漢")]), x: 1, y: 0) == 4)
  }

  @Test(arguments: [(4, "    "), (3, "   漢"), (0, "漢字 "), (-1, " 字  "), (-3, "    ")])
  func `a wide character is never split at the edge`(x: Int, text: String) {
    var surface = Surface.test(width: 5, height: 1)
    surface.write("漢字", x: x, y: 0)
    #expect(surface.text(ofRow: 0).hasPrefix(text) && surface.text(ofRow: 0).columns == 5)
  }

  @Test func `the other half of an overwritten wide character becomes a space`() {
    var left = Surface.test(width: 5, height: 1)
    left.write("漢字", x: 0, y: 0)
    left.write("x", x: 1, y: 0)
    #expect(left.text(ofRow: 0) == " x字 ")
    var right = Surface.test(width: 5, height: 1)
    right.write("漢字", x: 0, y: 0)
    right.write("x", x: 0, y: 0)
    #expect(right.text(ofRow: 0) == "x 字 ")
    var both = Surface.test(width: 5, height: 1)
    both.write("漢字", x: 0, y: 0)
    both.write("写", x: 1, y: 0)
    #expect(both.text(ofRow: 0) == " 写  ")
  }

  @Test(arguments: 1...20)
  func `after random writes every row has the surface's width and no half of a wide character`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let texts = ["a", "漢字漢字", "e\u{301}漢", "", "👩🏽\u{200D}🚀", "plain text", "\u{1B}[31m", "한ｶ"]
    var surface = Surface.test(width: 12, height: 3)
    for _ in 0..<200 {
      let text = texts[Int.random(in: 0..<texts.count, using: &random)]
      let (x, y) = (Int.random(in: -5...13, using: &random), Int.random(in: -1...3, using: &random))
      let region = Rect(x: Int.random(in: -3...12, using: &random), y: 0, width: 7, height: 3)
      surface.within(Bool.random(using: &random) ? region : surface.bounds) { $0.write(text, x: x, y: y) }
      for row in 0..<3 {
        #expect(surface.text(ofRow: row).columns == 12)
        let cells = Array(surface.row(row))
        for index in cells.indices where cells[index].isContinuation {
          #expect(index > 0 && cells[index - 1].text.columns == 2)
        }
      }
    }
  }

  @Test func `a region, also one inside another, begins at 0, 0 and clips what is drawn`() {
    var surface = Surface.test(width: 6, height: 3)
    surface.within(Rect(x: 2, y: 1, width: 3, height: 1)) { surface in
      #expect(surface.bounds == Rect(x: 0, y: 0, width: 3, height: 1))
      surface.write("abcdef", x: 0, y: 0)
      surface.write("zz", x: 0, y: 1)
      surface.within(Rect(x: 1, y: 0, width: 9, height: 9)) { surface in
        surface.write("12345", x: 0, y: 0)
        surface.write("never", x: 0, y: 1)
      }
    }
    #expect(surface.text == "      \n  a12 \n      \n")
    #expect((surface.width, surface.height) == (6, 3))
  }

  @Test func `the cursor is where it was placed, and nil when that is not visible or after it was hidden`() {
    var surface = Surface.test(width: 6, height: 3)
    surface.within(Rect(x: 2, y: 1, width: 3, height: 1)) { $0.placeCursor(x: 1, y: 0) }
    #expect(surface.cursor == Point(x: 3, y: 1))
    surface.within(Rect(x: 2, y: 1, width: 3, height: 1)) { $0.placeCursor(x: 3, y: 0) }
    #expect(surface.cursor == nil)
    surface.placeCursor(x: 0, y: 0)
    surface.hideCursor()
    #expect(surface.cursor == nil)
  }

  @Test func `a highlight sets the background in its rectangle and leaves a foreground that is not the text's`() {
    var surface = Surface.test(width: 4, height: 1)
    surface.write("ab", x: 0, y: 0, style: surface.theme.good)
    surface.highlight(Rect(x: 1, y: 0, width: 2, height: 1), surface.theme.selection)
    let row = Array(surface.row(0))
    #expect(row[0].style == surface.theme.good)
    #expect(row[1].style.foreground == surface.theme.good.foreground)
    #expect(row[1].style.background == surface.theme.selection.background)
    #expect(row[2].style.background == surface.theme.selection.background)
    #expect(row[3].style == surface.theme.text)
  }

  @Test func `filling changes only the cells of its rectangle, by default to spaces`() {
    var surface = Surface.test(width: 5, height: 3)
    surface.write("abcde", x: 0, y: 1)
    surface.fill(Rect(x: 1, y: 0, width: 3, height: 9), with: surface.glyphs.separator)
    #expect(surface.text == " ··· \na···e\n ··· \n")
    surface.fill(surface.bounds)
    #expect(surface.text == "     \n     \n     \n")
  }

  @Test func `rows beyond the grid are empty`() {
    let surface = Surface.test(width: 2, height: 1)
    #expect(surface.row(-1).isEmpty && surface.row(1).isEmpty && surface.row(0).count == 2)
  }

  @Test func `colours and attributes are exported as escape sequences, with a reset after them`() {
    var surface = Surface.test(width: 6, height: 2)
    surface.write("ok", x: 0, y: 0, style: surface.theme.good)
    let style = Style(foreground: Color(index: 1), background: Color(index: 255), [.bold, .reverse])
    surface.write("漢", x: 4, y: 0, style: style)
    let text = "\u{1B}[0;38;5;253;48;5;233m"
    #expect(
      surface.ansiText
        == "\u{1B}[0;38;5;114;48;5;233mok\(text)  \u{1B}[0;1;7;38;5;1;48;5;255m漢\u{1B}[0m\n\(text)      \u{1B}[0m\n"
    )
  }
}
