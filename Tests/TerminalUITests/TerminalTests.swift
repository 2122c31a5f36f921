import TerminalUI
import Testing

@Suite struct InputEventTests {
  @Test(arguments: [
    (KeyEvent("x"), "x", "x"), (KeyEvent("X"), "X", "X"), (KeyEvent(" "), "Space", "Space"),
    (KeyEvent("c", .control), "Ctrl-C", "Ctrl-C"), (KeyEvent("b", .alt), "Alt-b", "Alt-b"),
    (KeyEvent(.tab, .shift), "Shift-Tab", "Shift-Tab"), (KeyEvent(.up), "↑", "Up"), (KeyEvent(.right), "→", "Right"),
    (KeyEvent(.function(1)), "F1", "F1"), (KeyEvent(.pageDown), "PgDn", "PgDn"), (KeyEvent(.escape), "Esc", "Esc"),
    (KeyEvent(.left, [.control, .alt]), "Ctrl-Alt-←", "Ctrl-Alt-Left"),
  ])
  func `a key's label has the names of its modifiers, and arrows only in Unicode`(
    key: KeyEvent,
    unicode: String,
    ascii: String
  ) {
    #expect(key.label(.unicode) == unicode)
    #expect(key.label(.ascii) == ascii)
  }

  @Test func `a mouse position is converted to the coordinates of an area, and is nil outside of it`() {
    let mouse = MouseEvent(.press, at: Point(x: 5, y: 3))
    #expect(mouse.position(in: Rect(x: 4, y: 1, width: 2, height: 3)) == Point(x: 1, y: 2))
    #expect(mouse.position(in: Rect(x: 4, y: 1, width: 1, height: 3)) == nil)
  }

  @Test func `stepping through the themes returns to the first`() {
    #expect(ThemeName.allCases.map(\.next) == [.light, .highContrast, .mono, .dark])
  }
}

@MainActor @Suite struct MemoryTerminalTests {
  private func terminal() -> MemoryTerminal {
    MemoryTerminal(size: Size(width: 4, height: 1))
  }

  private func surface(_ text: String) -> Surface {
    var surface = Surface.test(width: 4, height: 1)
    surface.write(text, x: 0, y: 0)
    return surface
  }

  @Test func `the terminal in memory keeps the last frame and counts frames`() {
    let terminal = terminal()
    #expect(terminal.text.isEmpty && terminal.ansiText.isEmpty)
    terminal.draw(surface("one"))
    terminal.draw(surface("two"))
    #expect(
      terminal.text == "two \n" && terminal.ansiText == "\u{1B}[0;38;5;253;48;5;233mtwo \u{1B}[0m\n"
        && terminal.frameCount == 2
    )
  }

  @Test func `events are returned once, in order, and a resize changes the size`() {
    let terminal = terminal()
    terminal.type("hi")
    terminal.send(.resize(Size(width: 9, height: 2)), .focus(false))
    #expect(terminal.size == Size(width: 9, height: 2))
    #expect(
      terminal.pendingEvents() == [
        .key(KeyEvent("h")), .key(KeyEvent("i")), .resize(Size(width: 9, height: 2)), .focus(false),
      ]
    )
    #expect(terminal.pendingEvents().isEmpty)
  }

  @Test func `a suspended terminal draws nothing, and returns events only after it resumes`() {
    let terminal = terminal()
    terminal.suspend()
    terminal.draw(surface("one"))
    terminal.type("x")
    #expect(terminal.frame == nil && terminal.pendingEvents().isEmpty && terminal.isSuspended)
    terminal.resume()
    #expect(terminal.pendingEvents() == [.key(KeyEvent("x"))])
  }

  @Test func `the terminal in memory records title, progress, mouse and copied text`() {
    let terminal = terminal()
    terminal.copy("a")
    terminal.copy("b")
    terminal.setTitle("sluice")
    terminal.setMouse(true)
    terminal.setProgress(.part(0.5))
    #expect(terminal.copied == ["a", "b"] && terminal.title == "sluice")
    #expect(terminal.isMouseOn && terminal.progress == .part(0.5))
  }

  @Test func `capabilities choose the glyphs by Unicode and the theme by colours`() {
    let plain = TerminalCapabilities(colors: .mono, isUnicode: false, hasClipboard: false)
    #expect(plain.glyphs == .ascii && plain.theme(.dark) == Theme(.dark, tier: .mono))
    #expect(terminal().capabilities.glyphs == .unicode)
  }
}
