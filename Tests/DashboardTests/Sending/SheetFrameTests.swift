import TerminalUI
import Testing

@testable import Dashboard

/// Whole frames, as text.
struct SheetFrameTests {
  @Test func `at 80 by 14 cells the dialog shows files, all modes, target, summary and note as recorded`() {
    let script = SheetScript(width: 80, height: 14)
    let expected = """
      ╭─ Send ──────────────────────────────────────────────────── 2 files, 3.0 GiB ─╮
      │▌holiday.mp4                            ~/videos                      3.0 GiB │
      │ notes.txt                              ~                               512 B │
      │ gone.txt                               it is not there, or not a…   left out │
      │                                                                              │
      │ Mode ✓ stream    the file is the request's body; read while it is sent       │
      │        multipart as a form, like a browser; read while it is sent            │
      │        buffered  as a form, whole in memory first: up to 3.0 GiB             │
      │                                                                              │
      │ To     http://127.0.0.1:8080  this server                                    │
      │                                                                              │
      │ Enter sends 2 files, 3.0 GiB, as a stream to http://127.0.0.1:8080           │
      │ 1 file is left out.                                                          │
      ╰──────────────────────────────────────────────────────────────────────────────╯

      """
    #expect(script.text == expected)
  }

  @Test func `at 40 by 8 cells in ASCII the dialog shows only the chosen mode, as recorded`() {
    var script = SheetScript(width: 40, height: 8)
    script.press(KeyEvent("t"))
    let expected = """
      +- Send ------------ 2 files, 3.0 GiB -+
      | holiday.mp4                  3.0 GiB |
      | notes.txt                      512 B |
      | Mode + stream    the file is the re~ |
      |>To      http://127.0.0.1:8080  this~ |
      | Enter sends 2 files, 3.0 GiB         |
      | 1 file is left out.                  |
      +--------------------------------------+

      """
    #expect(script.frame(.ascii).text == expected)
  }

  @Test func `in one or two rows the dialog shows the number and size of the files, and above it the target`() {
    #expect(SheetScript(width: 20, height: 2).text == " http://127.0.0.1:… \n2 files, 3.0 GiB    \n")
    #expect(SheetScript(width: 16, height: 1).text == "2 files, 3.0 GiB\n")
    #expect(SheetScript(width: 1, height: 1).text == "…\n")
  }

  @Test func `on a large screen the dialog leaves the cells around it unchanged`() {
    let script = SheetScript(width: 120, height: 34)
    var surface = Surface(size: script.size, theme: Theme(.dark, tier: .colors256), glyphs: .unicode)
    for y in 0..<34 { surface.write(String(repeating: "#", count: 120), x: 0, y: y) }
    script.sheet.draw(on: &surface)
    #expect(surface.text(ofRow: 0) == String(repeating: "#", count: 120))
    let lines = surface.text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("###############│") } == 12)
    #expect(lines.count { $0.contains("╭─ Send ─") } == 1)
  }
}
