import TerminalUI

/// How a notification of the desktop reaches the terminal. None of these sequences is confirmed, and terminals ignore those
/// that they do not know.
package struct DesktopNotification: Hashable, Sendable {
  /// The sequence that the terminal understands. With more than one, some would show the notification twice.
  enum Sequence: Hashable, Sendable {
    /// OSC 9: iTerm2, kitty, WezTerm, Ghostty, ConEmu.
    case message
    /// OSC 777: urxvt, foot, VTE.
    case titled
  }

  /// What a sequence has to pass on its way.
  enum Passage: Hashable, Sendable {
    case direct
    /// tmux, which passes it on as a device control string where `allow-passthrough` is on, and otherwise discards it. The
    /// bell is rung, too: tmux shows it in any case.
    case tmux
    /// GNU screen, where only the bell is certain.
    case none
  }

  let sequence: Sequence
  let passage: Passage

  /// The most characters of a text.
  private static let textLimit = 200

  /// - Parameter environment: of this process, by which terminals name themselves.
  package init(_ environment: [String: String]) {
    let program = environment["TERM_PROGRAM"]?.lowercased() ?? ""
    let type = environment["TERM"]?.lowercased() ?? ""
    let knows777 = ["rxvt", "foot", "vte", "gnome"].contains { type.hasPrefix($0) || program.contains($0) }
    sequence = knows777 || environment["VTE_VERSION"]?.isEmpty == false ? .titled : .message
    if environment["TMUX"]?.isEmpty == false {
      passage = .tmux
    } else {
      passage = environment["STY"]?.isEmpty == false ? .none : .direct
    }
  }

  /// The bytes that show `text`, of which the first 200 characters are used: U+FFFD replaces controls and other unsafe
  /// characters, and commas replace semicolons, which separate the parts of a sequence.
  func text(_ text: String) -> String {
    let safe = String(text.prefix(Self.textLimit)).printable.split(separator: ";", omittingEmptySubsequences: false)
    let shown = safe.joined(separator: ",")
    let plain =
      switch sequence {
      // Digits at the beginning would be another command of OSC 9.
      case .message: "\u{1B}]9;sluice: \(shown)\(EscapeSequences.bell)"
      case .titled: "\u{1B}]777;notify;sluice;\(shown)\(EscapeSequences.bell)"
      }
    switch passage {
    case .direct: return plain
    // Each ESC within the string is doubled.
    case .tmux: return "\u{1B}Ptmux;\u{1B}\(plain)\u{1B}\\\(EscapeSequences.bell)"
    case .none: return EscapeSequences.bell
    }
  }
}
