import TerminalUI
import UploadCore

/// A question with its two keys, over everything else.
struct ConfirmOverlay: Widget {
  let question: Question
  let hints: [KeyHint]

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    let keys = hints.map { "\($0.key) \($0.word)" }.joined(separator: "   ")
    let lines = question.lines
    let width = min(60, max(question.title.columns, keys.columns, lines.map(\.columns).max() ?? 0) + 2)
    let panel = Panel(StyledText(question.title), isFocused: true)
    Overlay(panel, width: width, height: lines.count + 2).draw(on: &surface) { surface in
      // Without room for the box there is none for its title: the keys are what must be seen.
      var y = 0
      let room = surface.height - 1
      for line in lines where y < room {
        surface.write(StyledText(line), x: 0, y: y, width: surface.width, truncation: .middle)
        y += 1
      }
      var text = StyledText("")
      for hint in hints {
        text.append(hint.key, theme.key)
        text.append(" \(hint.word)   ", theme.text)
      }
      surface.write(text, x: 0, y: surface.height - 1, width: surface.width)
    }
  }
}

/// Something that is done only when the user says so again.
enum Question: Hashable, Sendable {
  case cancel(UploadID, name: String, direction: UploadDirection)
  /// While so many uploads run.
  case quit(running: Int)

  var title: String {
    switch self {
    case .cancel: "Cancel this upload?"
    case .quit: "Quit?"
    }
  }

  /// What will happen.
  var lines: [String] {
    switch self {
    case .cancel(_, let name, .incoming): [name, "What has arrived of it is thrown away."]
    case .cancel(_, let name, .outgoing): [name, "The upload ends here."]
    case .quit(let running): [running == 1 ? "1 upload runs and is ended." : "\(running) uploads run and are ended."]
    }
  }
}
