import TerminalUI
import UploadCore

/// A dialog that asks for confirmation, over everything else. All of its text can be read: it scrolls where it has more rows
/// than the screen. The keys are in one row, or where there are more than two in a row each if there is space.
struct ConfirmOverlay: Widget {
  let question: Question
  let hints: [KeyHint]
  /// Rows of the text above the first visible one; reduced to the largest useful number.
  var offset = 0

  private static let mostColumns = 72

  /// How many rows the keys have: one, or one for each choice about quitting if there is space.
  static func keyRows(_ question: Question, room: Size) -> Int {
    if case .quit = question, room.height >= 5 { 3 } else { 1 }
  }

  /// The text of a question on a screen of `size`, with the keys below it. With space for one row, that of the keys is the
  /// first of the text.
  static func text(_ question: Question, in size: Size) -> DialogText {
    let room = Overlay.room(on: size)
    let lines: [DialogText.Paragraph] = question.lines.map { ($0, .plain) }
    let text = DialogText(
      lines,
      width: min(mostColumns, room.width),
      height: room.height - keyRows(question, room: room)
    )
    return room.height > 1 ? text : DialogText(rows: [""] + text.rows, visible: 1)
  }

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    let keys = Self.keyRows(question, room: Overlay.room(on: Size(width: surface.width, height: surface.height)))
    let choices = hints.map { StyledText([Span($0.key, theme.key), Span("  \($0.text)", theme.text)]) }
    let row = StyledText(hints.flatMap { [Span($0.key, theme.key), Span(" \($0.text)   ", theme.text)] })
    let text = Self.text(question, in: Size(width: surface.width, height: surface.height))
    let keyColumns = keys > 1 ? choices.map(\.columns) : [row.columns - 3]
    let columns = text.rows.map(\.columns) + [question.title.columns] + keyColumns
    let panel = Panel(StyledText(question.title), isFocused: true)
    let width = min(Self.mostColumns, (columns.max() ?? 0) + 2)
    Overlay(panel, width: width, height: text.rows.count + keys + 1).draw(on: &surface) { surface in
      let isLow = surface.height <= 1
      if isLow, text.clamped(offset) > 0 { return text.draw(from: offset, on: &surface) }
      // The keys are visible on any screen, the text only where it has space above them.
      let first = max(0, surface.height - keys)
      surface.within(Rect(x: 0, y: 0, width: surface.width, height: first)) { text.draw(from: offset, on: &$0) }
      for (index, key) in (keys > 1 ? choices : [row]).enumerated() {
        surface.write(key, x: 0, y: first + index, width: surface.width)
      }
    }
  }
}

/// An action that needs confirmation.
enum Question: Hashable, Sendable {
  case cancel(UploadID, name: String, direction: UploadDirection)
  /// Cancel all files of a tree, by the id of its row.
  case cancelTree(UploadID, name: String, direction: UploadDirection)
  /// Cancel several uploads and trees, of which so many are incoming.
  case cancelMarked([UploadID], incoming: Int)
  /// Quit while uploads run.
  /// - Parameters:
  ///   - running: the number of uploads that have not finished; 0 only when the program quits soon anyway.
  ///   - isQuitting: whether it quits already when all have finished.
  case quit(running: Int, isQuitting: Bool)

  var title: String {
    switch self {
    case .cancel: "Cancel this upload?"
    case .cancelTree: "Cancel this tree?"
    case .cancelMarked(let ids, _): "Cancel \(ids.count) uploads?"
    case .quit(_, isQuitting: false): "Quit?"
    case .quit(_, isQuitting: true): "Quits when all uploads have finished"
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
    case .cancelMarked(let ids, let incoming):
      [
        "\(incoming) incoming, \(ids.count - incoming) outgoing, all that are marked.",
        "What was received so far is discarded, also at servers.",
      ]
    case .quit(let running, _):
      ["\(Figures.count(running, "upload is", "uploads are")) still running.", Self.kept]
    }
  }
}
