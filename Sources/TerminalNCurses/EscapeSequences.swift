import Basics
import TerminalUI

/// What xterm and those after it understand beyond terminfo ("XTerm Control Sequences"); others ignore it.
enum EscapeSequences {
  /// Keeps the window's title, and asks for pastes in brackets and for word of the focus.
  static let modesOn = "\u{1B}[22;2t\u{1B}[?2004h\u{1B}[?1004h"
  /// The opposite, and the mouse off and frames shown.
  static let modesOff = "\u{1B}[?2026l\u{1B}[?1006l\u{1B}[?1000l\u{1B}[?1004l\u{1B}[?2004l\u{1B}[23;2t"

  /// From here to ``frameEnd`` the terminal shows nothing: a frame appears whole.
  static let frameBegin = "\u{1B}[?2026h"
  static let frameEnd = "\u{1B}[?2026l"

  /// Sends a sequence. A terminal that has taken nothing for a second does not get the rest of it.
  static func send(_ sequence: String, to descriptor: Int32) {
    writeAll(sequence, to: descriptor, timeout: timeout)
  }

  /// How long output waits for a terminal that takes nothing, in milliseconds.
  static let timeout: Int32 = 1000

  /// At most 256 characters of a title, without what would end it.
  static func title(_ text: String) -> String { "\u{1B}]2;\(String(text.prefix(256)).printable)\u{7}" }

  /// OSC 52: text for the clipboard. Nil for more than 74,994 bytes, which is what xterm takes.
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
