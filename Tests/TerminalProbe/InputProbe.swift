import Glibc
import TerminalNCurses
import TerminalUI

/// Reads all input and shows how many events and pasted bytes it contained.
@MainActor
struct InputProbe {
  /// The text whose paste ends the probe.
  private static let end = "the end"

  private let terminal: NCursesTerminal

  init(_ terminal: NCursesTerminal) {
    self.terminal = terminal
  }

  /// Runs until "the end" is pasted or the terminal is gone.
  /// - Returns: the exit status: 0 after the paste, 3 when the terminal is gone.
  func run() -> Int32 {
    var (events, pasted) = (0, 0)
    while true {
      show("\(events) events, \(pasted) bytes pasted, ready")
      var ready = pollfd(fd: terminal.inputDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, -1)
      for event in terminal.pendingEvents() {
        events += 1
        switch event {
        case .paste(Self.end):
          terminal.close()
          return 0
        case .paste(let text): pasted += text.utf8.count
        case .closed:
          terminal.close()
          return 3
        default: break
        }
      }
    }
  }

  private func show(_ text: String) {
    let capabilities = terminal.capabilities
    var surface = Surface(size: terminal.size, theme: capabilities.theme(.dark), glyphs: capabilities.glyphs)
    surface.write(text, x: 0, y: 0)
    terminal.draw(surface)
  }
}
