import Basics
import TerminalUI

/// Sequences of xterm and similar terminals that terminfo lacks ("XTerm Control Sequences"); other terminals ignore them.
enum EscapeSequences {
  /// Saves the window's title, and turns on bracketed paste and focus events.
  static let modesOn = "\u{1B}[22;2t\u{1B}[?2004h\u{1B}[?1004h"
  /// Undoes ``modesOn``, turns the mouse off and ends a frame.
  static let modesOff = "\u{1B}[?2026l\u{1B}[?1006l\u{1B}[?1000l\u{1B}[?1004l\u{1B}[?2004l\u{1B}[23;2t"

  /// Until ``frameEnd`` the terminal does not update its screen, so that a frame appears at once.
  static let frameBegin = "\u{1B}[?2026h"
  static let frameEnd = "\u{1B}[?2026l"

  /// Sends a sequence; drops the rest when the terminal accepts no bytes for ``timeout``.
  static func send(_ sequence: String, to descriptor: Int32) {
    writeAll(sequence, to: descriptor, timeout: timeout)
  }

  /// Milliseconds to wait for a terminal that accepts no output.
  static let timeout: Int32 = 1000

  /// Sets the window's title: at most 256 characters, without those that would end the sequence.
  static func title(_ text: String) -> String { "\u{1B}]2;\(String(text.prefix(256)).printable)\u{7}" }

  /// OSC 52: copies text to the clipboard. Nil for more than 74,994 bytes, the limit of xterm.
  static func clipboard(_ text: String) -> String? {
    text.utf8.count <= 74_994 ? "\u{1B}]52;c;\(Base64.encode(text.utf8))\u{7}" : nil
  }

  /// OSC 9;4: the progress in the taskbar (ConEmu, Windows Terminal and others).
  static func progress(_ progress: TaskbarProgress) -> String {
    switch progress {
    case .none: "\u{1B}]9;4;0\u{7}"
    case .part(let part): "\u{1B}]9;4;1;\(percent(part))\u{7}"
    case .error: "\u{1B}]9;4;2;100\u{7}"
    case .busy: "\u{1B}]9;4;3\u{7}"
    }
  }

  private static func percent(_ part: Double) -> Int { part > 0 ? Int(min(part, 1) * 100) : 0 }
}
