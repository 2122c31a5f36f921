import TerminalUI
import UploadCore

/// What the send dialog says below its fields: what Enter sends, or why nothing can be sent, and a note.
///
/// It has as many rows as it needs. On a screen that is too low for that, a message about the last key is shown alone,
/// and scrolls; any other text ends in an ellipsis, and Space shows it in the same way.
extension SendSheet {
  // MARK: Texts

  /// The texts below the fields, of which each begins a new row. What Enter sends is always a single row, for which a
  /// dash stands.
  var statusTexts: [String] {
    let first = obstacle ?? "-"
    return note.text.isEmpty ? [first] : [first, note.text]
  }

  /// Whether the screen has space for all of the texts.
  func showsWholeStatus(in size: Size) -> Bool {
    let layout = layout(in: size)
    let rows = statusTexts.flatMap { $0.wrapped(to: layout.statusWidth) }
    return rows.count <= layout.statusHeight
  }

  /// The longest description of what Enter sends that fits into `width` columns.
  private func summaryText(_ theme: Theme, width: Int) -> StyledText {
    let files = sendable
    let hasTrees = files.contains(where: \.isDirectory)
    let part = amount(of: files.prefix(room)).split(separator: ", ").last ?? ""
    let total = leftCount > 0 ? "\(room) of \(files.count) \(hasTrees ? "entries" : "files"), \(part)" : totalText
    let texts = ["\(total), \(manner) to \(address.shown)", "\(total), \(manner)", total]
    return texts.map { StyledText([Span("Enter sends ", theme.dim), Span($0, theme.title)]) }
      .first { $0.columns <= width } ?? StyledText(total, theme.title)
  }

  /// How many of the files the queue has no room for.
  private var leftCount: Int { max(0, sendable.count - room) }

  private var manner: String {
    switch mode {
    case .stream, .resumable, .raw: "as a stream"
    case .multipart: "as a form"
    case .buffered: "as a form from memory"
    }
  }

  /// The message; without one, the problem of the selected file, or what is skipped of the selected directory, while the
  /// files have the focus, because its row may truncate it; otherwise how many files are left out, and how many remain
  /// marked because the queue has no room.
  private var note: (text: String, isError: Bool) {
    if let message, message != obstacle { return (message, false) }
    if field == .files, paths.indices.contains(scroll.selection) {
      let path = paths[scroll.selection]
      let name = PlainText.sanitized(PickerPath.split(path)?.name ?? path)
      if let problem = problem(path) { return ("\(name): \(problem)", true) }
      if let count = counts[path], !count.lossText.isEmpty {
        return ("\(name)/: \(count.text)", false)
      }
    }
    var notes: [String] = []
    let count = known.keys.count { problem($0) != nil }
    if count > 0 { notes.append("\(Figures.count(count, "file is", "files are")) left out.") }
    if leftCount > 0, room > 0 {
      notes.append("\(Figures.count(leftCount, "file stays", "files stay")) marked: the queue has no room.")
    }
    return (notes.joined(separator: " "), false)
  }

  // MARK: Drawing

  func drawStatus(_ layout: SheetLayout, on surface: inout Surface) {
    let area = Rect(
      x: layout.summary.x + layout.inset,
      y: layout.summary.y,
      width: layout.statusWidth,
      height: layout.statusHeight
    )
    surface.within(area) { surface in
      guard surface.height > 0 else { return }
      let rows = statusRows(surface.theme, width: surface.width)
      // Without space for a note there is none.
      let isSummary = surface.height == 1 && obstacle == nil
      guard rows.count > surface.height, !isSummary, let last = rows.dropFirst(surface.height - 1).first else {
        for (y, row) in rows.enumerated() { surface.write(row, x: 0, y: y, width: surface.width) }
        return
      }
      for (y, row) in rows.prefix(surface.height - 1).enumerated() {
        surface.write(row, x: 0, y: y, width: surface.width)
      }
      let hint =
        field == .target || naming != nil || surface.width < 24
        ? StyledText("") : StyledText(" Space", surface.theme.key)
      let room = surface.width - hint.columns
      let y = surface.height - 1
      // With the next row it is too long, and so gets an ellipsis.
      let next = rows.dropFirst(surface.height).first ?? ""
      surface.write(
        last + StyledText(" ") + next + StyledText(String(repeating: " ", count: room)),
        x: 0,
        y: y,
        width: room
      )
      surface.write(hint, x: room, y: y)
    }
  }

  private func statusRows(_ theme: Theme, width: Int) -> [StyledText] {
    let isPending = isChecking || target != checkedTarget
    let first = obstacle.map { text in
      text.wrapped(to: width).map { StyledText($0, isPending ? theme.dim : theme.bad) }
    }
    let style = note.isError ? theme.bad : theme.warning
    return (first ?? [summaryText(theme, width: width)]) + note.text.wrapped(to: width).map { StyledText($0, style) }
  }

  // MARK: The whole text

  /// All of the text, for a screen of `size` that has nothing else.
  func messageText(_ theme: Theme? = nil, in size: Size) -> DialogText {
    let room = Overlay.room(on: size)
    let (bad, warning) = (theme?.bad ?? .plain, theme?.warning ?? .plain)
    let texts = [obstacle.map { ($0, bad) }, (note.text, note.isError ? bad : warning)]
    return DialogText(texts.compactMap { $0 }, width: min(room.width, 76), height: room.height)
  }

  func drawMessage(from offset: Int, on surface: inout Surface) {
    let text = messageText(surface.theme, in: Size(width: surface.width, height: surface.height))
    let width = min(76, Overlay.room(on: Size(width: surface.width, height: surface.height)).width)
    Overlay(Panel("Message", isFocused: true), width: width, height: text.rows.count).draw(on: &surface) {
      text.draw(from: offset, on: &$0)
    }
  }
}
