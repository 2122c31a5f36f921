import Basics
import TerminalUI

/// Sequences of xterm and similar terminals that terminfo lacks ("XTerm Control Sequences"). Send them only to
/// terminals that `cncurses_is_xterm_like` accepts, which understand or ignore them.
enum EscapeSequences {
  /// Saves the window's title, and turns on bracketed paste and focus events. Send it once when the terminal is opened,
  /// and on resume.
  static let modesOn = "\u{1B}[22;2t\u{1B}[?2004h\u{1B}[?1004h"
  /// Undoes ``modesOn``, turns the reports of the mouse off and ends a frame that has begun. Send it before the screen
  /// is restored: on suspension, at the end and after a crash.
  static let modesOff = "\u{1B}[?2026l\u{1B}[?1006l\u{1B}[?1000l\u{1B}[?1004l\u{1B}[?2004l\u{1B}[23;2t"

  /// Rings the bell of any terminal.
  static let bell = "\u{7}"

  /// Begins a frame: until ``frameEnd`` the terminal does not update its screen, so that the whole frame appears at
  /// once.
  static let frameBegin = "\u{1B}[?2026h"
  static let frameEnd = "\u{1B}[?2026l"

  /// Sends a sequence to the terminal behind `descriptor`; drops the rest after an error, or when a terminal in
  /// non-blocking mode accepts no bytes for ``timeout``. Blocks without limit in blocking mode.
  static func send(_ sequence: String, to descriptor: Int32) {
    writeAll(sequence, to: descriptor, timeout: timeout)
  }

  /// How long to wait for a terminal in non-blocking mode that accepts no output, in milliseconds.
  static let timeout: Int32 = 1000

  /// The sequence that sets the window's title: to the first 256 characters of `text`, with U+FFFD for controls and
  /// other unsafe characters.
  static func title(_ text: String) -> String { "\u{1B}]2;\(String(text.prefix(256)).printable)\u{7}" }

  /// The sequence that copies `text` to the user's clipboard (OSC 52); nil for more than 74,994 bytes of UTF-8, the
  /// limit of xterm.
  static func clipboard(_ text: String) -> String? {
    text.utf8.count <= 74_994 ? "\u{1B}]52;c;\(Base64.encode(text.utf8))\u{7}" : nil
  }

  /// The sequence that shows progress at the window's entry in the taskbar (OSC 9;4; ConEmu, Windows Terminal and
  /// others). A part below 0 or above 1 becomes the nearest of these.
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
