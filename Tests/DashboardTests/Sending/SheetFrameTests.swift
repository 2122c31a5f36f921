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

  @Test func `a long note is wrapped into up to three rows, and files keep theirs`() {
    var script = SheetScript(["/home/ann/gone.txt", "/home/ann/notes.txt"], width: 60, height: 24)
    let reason =
      "it is not there, or the server of the network file system that it is on has not responded for a minute"
    script.files["/home/ann/gone.txt"] = .init(path: "/home/ann/gone.txt", problem: reason)
    _ = script.sheet.check()
    script.respond(.check(paths: script.sheet.paths, target: .ownServer))
    let text = script.text
    #expect(text.contains("gone.txt: it is not there, or the server of the network"), "\(text)")
    #expect(text.contains("minute"), "\(text)")
    #expect(text.contains("notes.txt"))
    script.size = Size(width: 60, height: 13)
    let low = script.text
    #expect(
      low.contains("gone.txt: it is not there") && low.contains("notes.txt") && low.contains("Enter sends"),
      "\(low)"
    )
    #expect(low.split(separator: "\n").allSatisfy { $0.count == 60 })
  }

  @Test func `the size of a form in memory is that of the largest file, and unknown for a directory`() {
    var script = SheetScript(["/home/ann/photos"])
    script.files["/home/ann/photos"] = .init(path: "/home/ann/photos", isDirectory: true)
    _ = script.sheet.check()
    script.respond(.check(paths: script.sheet.paths, target: .ownServer))
    #expect(script.text.contains("as a form, whole in memory first ") && !script.text.contains("up to"))
  }
}
