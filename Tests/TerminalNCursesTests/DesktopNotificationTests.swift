import Testing

@testable import TerminalNCurses

@Suite struct DesktopNotificationTests {
  private let escape = "\u{1B}"

  @Test(arguments: [
    (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"], DesktopNotification.Sequence.message),
    (["TERM": "xterm-kitty"], .message), (["TERM": "foot"], .titled), (["TERM": "rxvt-unicode-256color"], .titled),
    (["TERM": "xterm-256color", "VTE_VERSION": "7600"], .titled), ([:], .message),
  ])
  func `the sequence is the one that the terminal knows`(
    _ environment: [String: String],
    _ sequence: DesktopNotification.Sequence
  ) {
    #expect(DesktopNotification(environment).sequence == sequence)
    #expect(DesktopNotification(environment).passage == .direct)
  }

  @Test func `the text is sent with OSC 9 or OSC 777`() {
    #expect(DesktopNotification([:]).text("done") == "\(escape)]9;sluice: done\u{7}")
    #expect(DesktopNotification(["TERM": "foot"]).text("done") == "\(escape)]777;notify;sluice;done\u{7}")
  }

  @Test func `within tmux the sequence passes through it, and the bell rings as well`() {
    let notification = DesktopNotification(["TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"])
    #expect(notification.text("done") == "\(escape)Ptmux;\(escape)\(escape)]9;sluice: done\u{7}\(escape)\\\u{7}")
  }

  @Test func `within screen only the bell rings`() {
    #expect(DesktopNotification(["TERM": "screen", "STY": "1.x"]).text("done") == "\u{7}")
  }

  @Test func `nothing in a text can end its sequence or begin another part`() {
    for environment in [[:], ["TERM": "foot"], ["TMUX": "x"]] {
      let hostile = "a\u{7}\u{1B}]52;c;eA==\u{1B}\\b;\u{9C}\u{202E}\n" + String(repeating: "x", count: 10_000)
      let text = DesktopNotification(environment).text(hostile)
      #expect(!text.contains("]52;") && !text.contains("c;eA") && text.utf8.count < 700)
      let plain = DesktopNotification(environment).text("")
      func controls(_ text: String) -> [UInt32] {
        text.unicodeScalars.map(\.value).filter { $0 < 0x20 || (0x7F..<0xA0).contains($0) }
      }
      #expect(controls(text) == controls(plain))
      #expect(text.utf8.count { $0 == UInt8(ascii: ";") } == plain.utf8.count { $0 == UInt8(ascii: ";") })
    }
  }
}
