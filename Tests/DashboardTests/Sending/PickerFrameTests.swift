import TerminalUI
import Testing

@testable import Dashboard

/// Whole frames, as text.
struct PickerFrameTests {
  private func script(width: Int, height: Int) -> PickerScript {
    var script = PickerScript(width: width, height: height)
    script.press(KeyEvent("j"), KeyEvent("j"), KeyEvent("j"), KeyEvent(" "))
    return script
  }

  @Test func `at 80 by 15 cells the picker shows border, sizes and times as recorded`() {
    let frame = script(width: 80, height: 15).frame()
    let expected = """
      ╭─ Choose files to send ───────────────────────────────── 9 entries, 1 hidden ─╮
      │ ~/videos                                                                     │
      │   Name                                                Size  Changed          │
      │   Cuts/                                                     2026-11-20 12:00 │
      │   raw/                                                      2026-11-20 12:00 │
      │   evil\u{FFFD}]0;pwned\u{FFFD}\u{FFFD}gnp.exe                               4 B  2026-11-24 09:05 │
      │ ✓ File1.mp4                                            1 B  2026-11-24 09:05 │
      │▌  file2.mp4                                        3.0 GiB  2026-11-24 09:05 │
      │   file10.mp4                                      10.0 MiB  2026-11-24 09:05 │
      │   latest → file10.mp4                                 77 B  2026-11-25 18:30 │
      │   pipe                                          FIFO                         │
      │   secret.key                                    you may not read it          │
      │                                                                              │
      │                                                                              │
      ╰─ 1 marked, 1 B ──────────────────────────────────────────────────────────────╯

      """
    #expect(frame.text == expected)
  }

  @Test func `at 40 by 10 cells in ASCII the picker shows sizes without times as recorded`() {
    var script = script(width: 40, height: 10)
    script.press(KeyEvent("G"))
    let expected = """
      +- Choose files to send ---------------+
      | ~/videos                             |
      |   Name                          Size |
      |   file2.mp4                  3.0 GiB |
      |   file10.mp4                10.0 MiB |
      |   latest -> file10.mp4          77 B |
      |   pipe                          FIFO |
      |>  secret.key              you may n~ |
      | secret.key: you may not read it      |
      +- 1 marked, 1 B ----------------------+

      """
    #expect(script.frame(.ascii).text == expected)
  }

  @Test func `at 20 by 4 cells the picker has no border and no sizes, as recorded`() {
    let expected = """
       ~/videos           
       ✓ File1.mp4        
      ▌  file2.mp4        
                          

      """
    #expect(script(width: 20, height: 4).frame().text == expected)
  }

  @Test func `in one or two rows the picker shows the selected file, or the text that is being typed`() {
    #expect(script(width: 10, height: 2).frame().text == "~/videos  \n▌file2.mp4\n")
    #expect(script(width: 6, height: 1).frame().text == "▌fi…p4\n")
    #expect(script(width: 1, height: 1).frame().text == "▌\n")
    var script = script(width: 10, height: 1)
    script.press(KeyEvent("/"))
    script.type("ra")
    #expect(script.frame().text == "/ra       \n")
    script.press(KeyEvent(.escape), KeyEvent(":"))
    #expect(script.frame().text == "~/videos/ \n")
    #expect(script.frame().cursor == Point(x: 9, y: 0))
  }

  @Test func `directories, marked files, other files and entries that cannot be sent have different styles`() {
    let frame = script(width: 80, height: 15).frame()
    let theme = frame.theme
    func style(_ y: Int) -> Style? { frame.row(y).dropFirst(4).first?.style }
    #expect(style(3) == theme.accent)
    #expect(style(6) == theme.title)
    #expect(style(7)?.background == theme.selection.background)
    #expect(style(8) == theme.text)
    #expect(style(10) == theme.dim)
    #expect(style(11) == theme.dim)
  }
}
