import TerminalUI
import UploadCore

extension SendSheet: Widget {
  /// Draws the dialog as a box in the middle of a region of any size, and leaves the cells around it unchanged.
  func draw(on surface: inout Surface) {
    let layout = layout(in: Size(width: surface.width, height: surface.height))
    surface.hideCursor()
    surface.fill(layout.frame)
    if layout.hasBorder {
      surface.draw(Panel("Send", trailing: StyledText(totalText), isFocused: true), in: layout.frame)
    }
    surface.within(layout.files) { drawFiles(on: &$0) }
    surface.within(layout.modes) { drawModes(on: &$0) }
    surface.within(layout.target) { drawTarget(on: &$0) }
    let summary = layout.summary.inset(horizontally: layout.inset, vertically: 0)
    let note = layout.note.inset(horizontally: layout.inset, vertically: 0)
    surface.within(summary) { $0.write(summaryText($0.theme, width: $0.width), x: 0, y: 0, width: $0.width) }
    surface.within(note) { $0.writeWrapped(self.note.text, style: self.note.isError ? $0.theme.bad : $0.theme.warning) }
  }

  /// The regions of the parts, with as many rows for the note as it needs, at most ``SheetLayout/mostNoteRows``.
  func layout(in size: Size) -> SheetLayout {
    let layout = SheetLayout(size, files: paths.count)
    let rows = note.text.wrapped(to: layout.note.width - 2 * layout.inset, limit: SheetLayout.mostNoteRows).count
    return rows > 1 ? SheetLayout(size, files: paths.count, noteRows: rows) : layout
  }

  /// The number and the size of files, with those in directories: `1,206 files, 3.2 GiB`; while directories are being
  /// counted `2 entries, counting`.
  private func amount(of files: some Collection<SendCheck.File>) -> String {
    guard files.contains(where: \.isDirectory) else {
      let size = files.reduce(UInt64(0)) { $0.addingClamped($1.size ?? 0) }
      return "\(Figures.count(files.count, "file", "files")), \(ByteSize.text(size))"
    }
    if files.contains(where: { counts.isCounting($0.path) }) {
      return "\(Figures.count(files.count, "entry", "entries")), counting"
    }
    var (number, size) = (UInt64(0), UInt64(0))
    for file in files {
      number = number.addingClamped(file.isDirectory ? counts[file.path]?.files ?? 0 : 1)
      size = size.addingClamped(file.size ?? counts[file.path]?.bytes ?? 0)
    }
    let isPartial = files.contains { counts[$0.path]?.isPartial == true }
    return "\(isPartial ? "more than " : "")\(CountText.files(number)), \(ByteSize.text(size))"
  }

  /// The number and the size of the files that can be sent: `2 files, 3.0 GiB`.
  private var totalText: String { amount(of: sendable) }

  // MARK: Files

  private func drawFiles(on surface: inout Surface) {
    let list = ItemList(count: paths.count, scroll: scroll, isFocused: field == .files) { index, _, surface in
      drawFile(paths[index], on: &surface)
    }
    surface.draw(list, in: surface.bounds)
  }

  /// Draws the name; behind it, where there is space, the directory or the problem, and the size or `left out`.
  private func drawFile(_ path: String, on surface: inout Surface) {
    let theme = surface.theme
    let problem = problem(path)
    let isDirectory = known[path]?.isDirectory == true
    let (parent, name) = PickerPath.split(path) ?? ("", path)
    let width = surface.width - 2
    let sizeWidth = width >= 30 ? 10 : 0
    let nameWidth = width >= 50 ? width / 2 : width - (sizeWidth > 0 ? sizeWidth + 1 : 0)
    let shownName = PlainText.sanitized(name) + (isDirectory ? "/" : "")
    let nameText = StyledText(shownName, problem == nil ? theme.text : theme.dim)
    surface.write(nameText, x: 1, y: 0, width: nameWidth, truncation: .middle)
    let bytes = known[path]?.size ?? counts[path]?.bytes
    let size = StyledText(counts.isCounting(path) ? "counting" : bytes.map { ByteSize.text($0) } ?? "")
    let sizeText = problem == nil ? size : StyledText("left out", theme.warning)
    surface.write(sizeText, x: width + 1 - sizeWidth, y: 0, width: sizeWidth, alignment: .trailing)
    guard width >= 50 else { return }
    let directory = StyledText(PlainText.sanitized(PickerPath.abbreviated(parent, home: home)), theme.dim)
    // The content of a directory in place of where it is.
    let content = counts[path].map { count in
      StyledText([count.filesText, count.lossText].filter { !$0.isEmpty }.joined(separator: ", "), theme.dim)
    }
    let text = problem.map { StyledText($0, theme.bad) } ?? content ?? directory
    let truncation: Truncation = problem == nil && content == nil ? .start : .end
    surface.write(text, x: 2 + nameWidth, y: 0, width: width - nameWidth - sizeWidth - 2, truncation: truncation)
  }

  // MARK: Mode and target

  /// Columns of the fields' labels; 1, for the selection mark, where there is no space for labels.
  private func labelWidth(_ surface: Surface) -> Int { surface.width >= 24 ? 6 : 1 }

  private func drawModes(on surface: inout Surface) {
    let shown = surface.height >= Self.modes.count ? Self.modes : [mode]
    for (y, shownMode) in shown.enumerated() {
      surface.within(Rect(x: 0, y: y, width: surface.width, height: 1)) { surface in
        let isChosen = shownMode == mode
        let theme = surface.theme
        let label = labelWidth(surface)
        if y == 0, label > 1 { surface.write("Mode", x: 1, y: 0, style: theme.dim) }
        surface.put(isChosen ? surface.glyphs.checked : .space, x: label, y: 0, style: theme.good)
        surface.write(StyledText(shownMode.rawValue, isChosen ? theme.title : theme.text), x: label + 2, y: 0)
        let text = StyledText(explanation(shownMode), theme.dim)
        surface.write(text, x: label + 12, y: 0, width: max(0, surface.width - label - 13))
        if isChosen, field == .mode { surface.highlight(surface.bounds, theme.selection) }
      }
    }
    if field == .mode { drawMark(y: shown.firstIndex(of: mode) ?? 0, on: &surface) }
  }

  /// How a mode sends a file, as half a sentence.
  private func explanation(_ mode: UploadMode) -> String {
    switch mode {
    case .multipart: "as a form, like a browser; read while it is sent"
    case .buffered: "as a form, whole in memory first" + (largestText.map { ": up to \($0)" } ?? "")
    case .stream, .resumable, .raw: "the file is the request's body; read while it is sent"
    }
  }

  /// The size of the largest file; nil where that may be in a directory.
  private var largestText: String? {
    guard !sendable.contains(where: \.isDirectory) else { return nil }
    return sendable.compactMap(\.size).max().map { ByteSize.text($0) }
  }

  private func drawTarget(on surface: inout Surface) {
    let theme = surface.theme
    let isTyping = field == .target
    let label = labelWidth(surface)
    if label > 1 { surface.write("To", x: 1, y: 0, style: theme.dim) }
    if isTyping { drawMark(y: 0, on: &surface) }
    let start = label > 1 ? label + 2 : 1
    surface.within(Rect(x: start, y: 0, width: surface.width - start - 1, height: 1)) { surface in
      if isTyping { surface.draw(address, in: surface.bounds) }
      guard address.isEmpty || !isTyping else { return }
      var text = StyledText(targetText, isTyping ? theme.dim : theme.text)
      if target == .ownServer {
        text.append(isTyping ? "  this server; type another address" : "  this server", theme.dim)
      }
      // Behind the cursor when there is one.
      let x = isTyping ? 1 : 0
      surface.write(text, x: x, y: 0, width: max(0, surface.width - x))
    }
  }

  private func drawMark(y: Int, on surface: inout Surface) {
    surface.put(surface.glyphs.selection, x: 0, y: y, style: surface.theme.accent)
  }

  // MARK: Summary and note

  /// The longest description of what Enter sends that fits into `width` columns; or the reason why nothing can be sent.
  private func summaryText(_ theme: Theme, width: Int) -> StyledText {
    if let obstacle {
      let isPending = isChecking || target != checkedTarget
      return StyledText(obstacle, isPending ? theme.dim : theme.bad)
    }
    let files = sendable
    let hasTrees = files.contains(where: \.isDirectory)
    let part = amount(of: files.prefix(room)).split(separator: ", ").last ?? ""
    let total = leftCount > 0 ? "\(room) of \(files.count) \(hasTrees ? "entries" : "files"), \(part)" : totalText
    let texts = ["\(total), \(manner) to \(targetText)", "\(total), \(manner)", total]
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

  /// The message; without one, the problem of the selected file, or what is skipped of the selected directory, while the files have the focus, because its row may
  /// truncate it; otherwise how many files are left out, and how many remain marked because the queue has no room.
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
}

/// The regions of the send dialog's parts, in a box in the middle of the screen; a part without space is empty.
struct SheetLayout {
  let hasBorder: Bool
  /// The box with its border.
  let frame: Rect
  let files: Rect
  /// A row for each mode, or one row for the chosen mode.
  let modes: Rect
  let target: Rect
  /// The row that says what Enter sends.
  let summary: Rect
  let note: Rect
  /// Columns that summary and note leave free at both ends, so that they are aligned with the names of the files.
  let inset: Int

  /// A longer note is truncated.
  static let mostNoteRows = 3

  /// - Parameters:
  ///   - size: of the region that the dialog is drawn into.
  ///   - count: how many files there are.
  ///   - noteRows: rows of the note, where there is space.
  init(_ size: Size, files count: Int, noteRows: Int = 1) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 6
    let space = hasBorder ? Panel.content(of: bounds) : bounds
    let isTall = space.height >= 11
    let modeRows = isTall ? SendSheet.modes.count : 1
    let gap = isTall ? 1 : 0
    let height = min(count, 12) + modeRows + 3 * gap + 2 + noteRows
    let content = space.centered(width: min(space.width, 88), height: height)
    frame = hasBorder ? content.inset(horizontally: -1, vertically: -1) : content
    // A long note leaves three rows for files.
    let noteSpace = content.height - modeRows - 3 * gap - 2 - min(count, 3)
    let noteHeight = content.height >= 5 ? min(noteRows, max(1, noteSpace)) : 0
    let rows = content.rows([
      .rest(), .fixed(gap), .fixed(content.height >= 3 ? modeRows : 0), .fixed(gap),
      .fixed(content.height >= 2 ? 1 : 0), .fixed(gap), .fixed(1), .fixed(noteHeight),
    ])
    inset = content.width >= 24 ? 1 : 0
    (files, modes, target, summary, note) = (rows[0], rows[2], rows[4], rows[6], rows[7])
  }

  /// How many files are visible at a time; 1 or more.
  var visibleFiles: Int { ItemList.visible(height: files.height) }
}
