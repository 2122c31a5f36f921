import Glibc
import TerminalNCurses
import TerminalUI

/// Shows the last event; some keys make it suspend, crash or change the terminal's modes.
@MainActor
struct Probe {
  private let terminal: NCursesTerminal

  init(_ terminal: NCursesTerminal) {
    self.terminal = terminal
  }

  /// Runs until `q` is pressed or the terminal is gone.
  /// - Returns: the exit status: 0 for `q`, 3 when the terminal is gone.
  func run() -> Int32 {
    draw("ready")
    while true {
      var ready = pollfd(fd: terminal.inputDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, -1)
      for event in terminal.pendingEvents() {
        switch event {
        case .key(KeyEvent("q")):
          terminal.close()
          return 0
        case .closed:
          terminal.close()
          return 3
        case .key(let key):
          act(on: key)
          draw("key \(key.label(.ascii))")
        default:
          draw("\(event)")
        }
      }
    }
  }

  private func act(on key: KeyEvent) {
    switch key {
    case KeyEvent("t"): fatalError("the probe was told to trap")
    case KeyEvent("a"): abort()
    case KeyEvent("s"): UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
    case KeyEvent("o"): print(Self.overflow(1))
    case KeyEvent("e"): write(STDERR_FILENO, "said meanwhile\n", 15)
    case KeyEvent("m"): terminal.setMouse(true)
    case KeyEvent("p"): terminal.setProgress(.part(0.5))
    case KeyEvent("y"): terminal.copy("http://127.0.0.1:8080")
    case KeyEvent("w"): terminal.windowDidChange()
    case KeyEvent("z"):
      terminal.suspend()
      write(STDOUT_FILENO, "outside", 7)
      terminal.resume()
    default: break
    }
  }

  /// Recursion without an end, which the compiler must not turn into a loop.
  @inline(never)
  private static func overflow(_ depth: Int) -> Int {
    depth == 0 ? 0 : overflow(depth &+ 1) &+ depth
  }

  private func draw(_ text: String) {
    let capabilities = terminal.capabilities
    var surface = Surface(size: terminal.size, theme: capabilities.theme(.dark), glyphs: capabilities.glyphs)
    surface.draw(Panel("probe \(capabilities.colors) \(capabilities.isUnicode)"), in: surface.bounds)
    surface.write(text, x: 2, y: 1)
    terminal.draw(surface)
  }
}
