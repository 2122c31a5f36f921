import TerminalUI
import Testing

@Suite struct PanelTests {
  private func drawn(_ panel: Panel, _ width: Int, _ height: Int, glyphs: GlyphSet = .unicode) -> String {
    var surface = Surface.test(width: width, height: height, glyphs: glyphs)
    surface.draw(panel, in: surface.bounds)
    return surface.text
  }

  private static let panel = Panel("Files", trailing: "3", footer: "q quit")

  @Test func `titles and footer are in the border, with a space on both sides`() {
    #expect(
      drawn(Self.panel, 20, 4) == """
        ╭─ Files ────── 3 ─╮
        │                  │
        │                  │
        ╰─ q quit ─────────╯

        """
    )
  }

  @Test func `in ASCII the border consists of plus, minus and bar`() {
    #expect(
      drawn(Self.panel, 20, 3, glyphs: .ascii) == """
        +- Files ------ 3 -+
        |                  |
        +- q quit ---------+

        """
    )
  }

  @Test(arguments: [
    (12, "╭─ Files ──╮"), (11, "╭─ Files ─╮"), (10, "╭─ Fil… ─╮"), (7, "╭─ … ─╮"), (6, "╭────╮"), (2, "╭╮"),
  ])
  func `a narrow panel omits the right title, then truncates the left one`(width: Int, border: String) {
    #expect(drawn(Self.panel, width, 3).split(separator: "\n").first.map(String.init) == border)
  }

  @Test func `a panel of one row is a rule with titles`() {
    #expect(drawn(Self.panel, 20, 1) == "── Files ────── 3 ──\n")
  }

  @Test func `a focused panel has another border style`() {
    for isFocused in [false, true] {
      var surface = Surface.test(width: 8, height: 3)
      surface.draw(Panel(isFocused: isFocused), in: surface.bounds)
      let style = isFocused ? surface.theme.borderFocused : surface.theme.border
      #expect(surface.row(0).allSatisfy { $0.style == style } && surface.row(2).allSatisfy { $0.style == style })
    }
  }

  @Test func `the content is the area inside of the border`() {
    let rect = Rect(x: 2, y: 3, width: 10, height: 5)
    #expect(Panel.content(of: rect) == Rect(x: 3, y: 4, width: 8, height: 3))
    #expect(Panel.content(of: Rect(x: 0, y: 0, width: 1, height: 1)).isEmpty)
  }

  // MARK: Overlay

  @Test func `an overlay covers the middle of the screen and hides the cursor`() {
    var surface = Surface.test(width: 12, height: 5)
    for y in 0..<5 { surface.write("............", x: 0, y: y) }
    surface.placeCursor(x: 0, y: 0)
    Overlay(Panel("Q"), width: 4, height: 1).draw(on: &surface) { surface in
      #expect((surface.width, surface.height) == (4, 1))
      surface.write("yes?", x: 0, y: 0)
    }
    #expect(
      surface.text == """
        ............
        ..╭─ Q ──╮..
        ..│ yes? │..
        ..╰──────╯..
        ............

        """
    )
    #expect(surface.cursor == nil)
  }

  @Test func `on a surface too small for a border an overlay gives all cells to its content`() {
    var surface = Surface.test(width: 6, height: 2)
    surface.write("......", x: 0, y: 1)
    Overlay(Panel("Q"), width: 4, height: 1).draw(on: &surface) { surface in
      #expect((surface.width, surface.height) == (6, 2))
      surface.write("yes?", x: 0, y: 0)
    }
    #expect(surface.text == "yes?  \n      \n")
  }
}
