package import TerminalUI
import UploadCore

extension SendSheet: Widget {
  /// Draws the sheet as a box in the middle of the region and leaves what is around it; any size will do.
  package func draw(on surface: inout Surface) {
    let layout = SheetLayout(Size(width: surface.width, height: surface.height), files: paths.count)
    surface.hideCursor()
    surface.fill(layout.frame)
    if layout.hasBorder {
      surface.draw(Panel("Send", trailing: StyledText(totalText), isFocused: true), in: layout.frame)
    }
    surface.within(layout.files) { drawFiles(on: &$0) }
    surface.within(layout.modes) { drawModes(on: &$0) }
    surface.within(layout.target) { drawTarget(on: &$0) }
    surface.within(layout.summary) { drawLine(on: &$0) { summaryText($0, width: $1) } }
    surface.within(layout.note) { drawLine(on: &$0) { theme, _ in noteText(theme) } }
  }

  /// A line of text, in line with the names of the files where there is space.
  private func drawLine(on surface: inout Surface, _ text: (Theme, Int) -> StyledText) {
    let inset = surface.width >= 24 ? 1 : 0
    let width = surface.width - 2 * inset
    surface.write(text(surface.theme, width), x: inset, y: 0, width: width)
  }

  /// In bytes.
  private static func totalSize(_ files: some Sequence<SendCheck.File>) -> UInt64 {
    files.reduce(0) { $0.addingClamped($1.size ?? 0) }
  }

  /// Of the files that can be sent.
  private var totalText: String {
    let files = sendable
    return "\(FilePicker.count(files.count, "file", "files")), \(ByteSize.text(Self.totalSize(files)))"
  }

  // MARK: Files

  private func drawFiles(on surface: inout Surface) {
    let list = ItemList(count: paths.count, scroll: scroll, isFocused: field == .files) { index, _, surface in
      drawFile(paths[index], on: &surface)
    }
    surface.draw(list, in: surface.bounds)
  }

  /// The name, then the directory it is in or what is wrong with it, then the size.
  private func drawFile(_ path: String, on surface: inout Surface) {
    let theme = surface.theme
    let file = known[path]
    let (parent, name) = PickerPath.split(path) ?? ("", path)
    let area = surface.bounds.inset(horizontally: 1, vertically: 0)
    let sizeWidth = area.width >= 30 ? 10 : 0
    let nameWidth = area.width >= 50 ? area.width / 2 : area.width - (sizeWidth > 0 ? sizeWidth + 1 : 0)
    let isBad = file?.problem != nil
    let nameText = StyledText(PlainText.sanitized(name), isBad ? theme.dim : theme.text)
    surface.write(nameText, x: 1, y: 0, width: nameWidth, truncation: .middle)
    if sizeWidth > 0 {
      let size = isBad ? StyledText("left out", theme.warning) : StyledText(file?.size.map { ByteSize.text($0) } ?? "")
      surface.write(size, x: area.maxX - sizeWidth, y: 0, width: sizeWidth, alignment: .trailing)
    }
    let middle = Rect(x: 2 + nameWidth, y: 0, width: area.width - nameWidth - sizeWidth - 2, height: 1)
    guard area.width >= 50 else { return }
    if let problem = file?.problem {
      surface.write(StyledText(problem, theme.bad), x: middle.x, y: 0, width: middle.width)
    } else {
      let directory = StyledText(PlainText.sanitized(PickerPath.abbreviated(parent, home: home)), theme.dim)
      surface.write(directory, x: middle.x, y: 0, width: middle.width, truncation: .start)
    }
  }

  // MARK: Mode and target

  /// Of the words before the fields; 1, for the mark, where there is no space for them.
  private func labelWidth(_ surface: Surface) -> Int { surface.width >= 24 ? 6 : 1 }

  private func drawModes(on surface: inout Surface) {
    let shown = surface.height >= Self.modes.count ? Self.modes : [mode]
    for (y, shownMode) in shown.enumerated() {
      surface.within(Rect(x: 0, y: y, width: surface.width, height: 1)) { surface in
        let isChosen = shownMode == mode
        let theme = surface.theme
        let label = labelWidth(surface)
        if y == 0, label > 1 { surface.write("Mode", x: 1, y: 0, style: theme.dim) }
        let mark = isChosen ? surface.glyphs.checked : .space
        surface.put(mark, x: label, y: 0, style: theme.good)
        let name = StyledText(shownMode.rawValue, isChosen ? theme.title : theme.text)
        surface.write(name, x: label + 2, y: 0)
        let x = label + 12
        let text = StyledText(explanation(shownMode), theme.dim)
        surface.write(text, x: x, y: 0, width: max(0, surface.width - x - 1))
        if isChosen, field == .mode { surface.highlight(surface.bounds, theme.selection) }
      }
    }
    if field == .mode { drawMark(y: shown.firstIndex(of: mode) ?? 0, on: &surface) }
  }

  /// What a mode does, in half a sentence.
  private func explanation(_ mode: UploadMode) -> String {
    switch mode {
    case .multipart: return "as a form, like a browser; read while it is sent"
    case .buffered:
      let largest = sendable.compactMap(\.size).max() ?? 0
      return "as a form, whole in memory first: up to \(ByteSize.text(largest))"
    case .stream, .raw: return "the file is the request's body; read while it is sent"
    }
  }

  private func drawTarget(on surface: inout Surface) {
    let theme = surface.theme
    let label = labelWidth(surface)
    if label > 1 { surface.write("To", x: 1, y: 0, style: theme.dim) }
    let start = label > 1 ? label + 2 : 1
    let area = Rect(x: start, y: 0, width: surface.width - start - 1, height: 1)
    if field == .target { drawMark(y: 0, on: &surface) }
    surface.within(area) { surface in
      if field == .target { surface.draw(address, in: surface.bounds) }
      guard address.isEmpty || field != .target else { return }
      // Behind the cursor, where one is.
      let x = field == .target ? 1 : 0
      var text = StyledText(targetText, field == .target ? theme.dim : theme.text)
      if target == .ownServer {
        text.append(field == .target ? "  this server; type another address" : "  this server", theme.dim)
      }
      surface.write(text, x: x, y: 0, width: max(0, surface.width - x))
    }
  }

  private func drawMark(y: Int, on surface: inout Surface) {
    surface.put(surface.glyphs.selection, x: 0, y: y, style: surface.theme.accent)
  }

  private var targetText: String {
    switch target {
    case .ownServer: ownURL
    case .url(let text): text
    }
  }

  // MARK: What would happen

  private func summaryText(_ theme: Theme, width: Int) -> StyledText {
    if let obstacle {
      let isPending = isChecking || target != askedTarget
      return StyledText(obstacle, isPending ? theme.dim : theme.bad)
    }
    let enter = Span("Enter sends ", theme.dim)
    let size = Self.totalSize(sendable.prefix(room))
    let total = leftCount > 0 ? "\(room) of \(sendable.count) files, \(ByteSize.text(size))" : totalText
    let texts = ["\(total), \(manner) to \(targetText)", "\(total), \(manner)", total]
    return texts.map { StyledText([enter, Span($0, theme.title)]) }.first { $0.columns <= width }
      ?? StyledText(total, theme.title)
  }

  /// How many of the files do not fit into the queue.
  private var leftCount: Int { max(0, sendable.count - room) }

  private var manner: String {
    switch mode {
    case .stream, .raw: "as a stream"
    case .multipart: "as a form"
    case .buffered: "as a form from memory"
    }
  }

  private func noteText(_ theme: Theme) -> StyledText {
    if let message, message != obstacle { return StyledText(message, theme.warning) }
    // The list may have cut it short.
    if field == .files, paths.indices.contains(scroll.selection), let file = known[paths[scroll.selection]],
      let problem = file.problem
    {
      return StyledText("\(PlainText.sanitized(PickerPath.name(file.path))): \(problem)", theme.bad)
    }
    var notes: [String] = []
    let count = known.values.count { $0.problem != nil }
    if count > 0 { notes.append("\(FilePicker.count(count, "file is", "files are")) left out.") }
    if leftCount > 0, room > 0 {
      let rest = FilePicker.count(leftCount, "file finds", "files find")
      notes.append("\(rest) no place in line and \(leftCount == 1 ? "stays" : "stay") marked.")
    }
    return StyledText(notes.joined(separator: " "), theme.warning)
  }
}

/// Where the parts of the send sheet are, in the region it is drawn into: a box in its middle. Empty where there is no
/// space for one.
struct SheetLayout {
  let hasBorder: Bool
  /// The whole box with its border.
  let frame: Rect
  let files: Rect
  /// One line for each mode, or one for the chosen one.
  let modes: Rect
  let target: Rect
  /// What would happen.
  let summary: Rect
  /// What else there is to say.
  let note: Rect

  /// - Parameter files: how many there are.
  init(_ size: Size, files count: Int) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 6
    let space = hasBorder ? Panel.content(of: bounds) : bounds
    let isTall = space.height >= 11
    let modeRows = isTall ? SendSheet.modes.count : 1
    let gap = isTall ? 1 : 0
    let wanted = min(count, 12) + modeRows + 3 * gap + 3
    let content = space.centered(width: min(space.width, 88), height: wanted)
    frame = hasBorder ? content.inset(horizontally: -1, vertically: -1) : content
    let height = content.height
    let rows = content.rows([
      .rest(),
      .fixed(gap),
      .fixed(height >= 3 ? modeRows : 0),
      .fixed(gap),
      .fixed(height >= 2 ? 1 : 0),
      .fixed(gap),
      .fixed(1),
      .fixed(height >= 5 ? 1 : 0),
    ])
    (files, modes, target, summary, note) = (rows[0], rows[2], rows[4], rows[6], rows[7])
  }

  var showsAllModes: Bool { modes.height == SendSheet.modes.count }

  /// How many files are seen at a time.
  var visibleFiles: Int { ItemList.visible(height: files.height) }
}
