import TerminalUI
import UploadCore

/// A dialog that asks for confirmation, over everything else.
struct ConfirmOverlay: Widget {
  let question: Question
  let hints: [KeyHint]

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    let keys = StyledText(hints.flatMap { [Span($0.key, theme.key), Span(" \($0.text)   ", theme.text)] })
    let lines = question.lines
    let columns = lines.map(\.columns) + [question.title.columns, keys.columns - 3]
    let panel = Panel(StyledText(question.title), isFocused: true)
    Overlay(panel, width: min(60, (columns.max() ?? 0) + 2), height: lines.count + 2).draw(on: &surface) { surface in
      // The keys are visible on any screen, the text only where it has space above them.
      for (y, line) in lines.prefix(max(0, surface.height - 1)).enumerated() {
        surface.write(StyledText(line), x: 0, y: y, width: surface.width, truncation: .middle)
      }
      surface.write(keys, x: 0, y: surface.height - 1, width: surface.width)
    }
  }
}

/// An action that needs confirmation.
enum Question: Hashable, Sendable {
  case cancel(UploadID, name: String, direction: UploadDirection)
  /// Cancel all files of a tree, by the id of its row.
  case cancelTree(UploadID, name: String, direction: UploadDirection)
  /// Quit while uploads run; the value is the number of active and queued uploads, 1 or more.
  case quit(running: Int)

  var title: String {
    switch self {
    case .cancel: "Cancel this upload?"
    case .cancelTree: "Cancel this tree?"
    case .quit: "Quit?"
    }
  }

  private static let kept = "Resumable uploads are kept, and can be continued."

  /// The text of the dialog: which upload it is about, and what the action does.
  var lines: [String] {
    switch self {
    case .cancel(_, let name, .incoming): [name, "The data received so far is discarded."]
    case .cancel(_, let name, .outgoing): [name, "Sending stops. A resumable upload is deleted at the server."]
    case .cancelTree(_, let name, .incoming):
      [name, "The files being received are discarded; the client may send more."]
    case .cancelTree(_, let name, .outgoing): [name, "Sending stops. Files that are complete stay at the server."]
    case .quit(running: 1): ["1 upload is still running. Quit and cancel it?", Self.kept]
    case .quit(let running): ["\(running) uploads are still running. Quit and cancel them?", Self.kept]
    }
  }
}
