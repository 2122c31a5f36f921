import Glibc
import TerminalNCurses
import TerminalUI

/// Generates the frames that a ``FrameProbe`` draws.
@MainActor
protocol FrameSource {
  /// The next frame, which has the given size, and the title that the window has with it.
  mutating func next(_ size: Size) -> (surface: Surface, title: String)
}

/// Draws frames, and writes after each, to the same terminal, a description of what the terminal should show by then.
///
/// The description is a string that terminals ignore (OSC 777): width, height, the cursor's column and row or -1; then
/// after `;` for each cell its scalars in hexadecimal, both colours or -1, and its attributes; and last `end`.
@MainActor
struct FrameProbe {
  private let terminal: NCursesTerminal
  private var source: any FrameSource

  init(_ terminal: NCursesTerminal, _ source: any FrameSource) {
    self.terminal = terminal
    self.source = source
  }

  /// Draws a frame at once and for each key `f`, and adjusts to the window's size for `w`. Runs until `q` is pressed or
  /// the terminal is gone.
  /// - Returns: the exit status: 0 for `q`, 3 when the terminal is gone.
  mutating func run() -> Int32 {
    draw()
    while true {
      var ready = pollfd(fd: terminal.inputDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, -1)
      for event in terminal.pendingEvents() {
        switch event {
        case .key(KeyEvent("f")): draw()
        case .key(KeyEvent("w")): terminal.windowDidChange()
        case .key(KeyEvent("q")):
          terminal.close()
          return 0
        case .closed:
          terminal.close()
          return 3
        default: break
        }
      }
    }
  }

  private mutating func draw() {
    let (surface, title) = source.next(terminal.size)
    terminal.draw(surface)
    terminal.setTitle(title)
    say(surface)
  }

  private func say(_ surface: Surface) {
    let cursor = surface.cursor ?? Point(x: -1, y: -1)
    var text = "\u{1B}]777;\(surface.size.width),\(surface.size.height),\(cursor.x),\(cursor.y)"
    for y in 0..<surface.size.height {
      for cell in surface.row(y) {
        let scalars = cell.text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: "+")
        let colors = [cell.style.foreground, cell.style.background].map { $0.index.map { Int($0) } ?? -1 }
        text += ";\(scalars),\(colors[0]),\(colors[1]),\(cell.style.attributes.rawValue)"
      }
    }
    var bytes = Array("\(text);end\u{7}".utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      bytes.removeFirst(max(0, count))
    }
  }
}
