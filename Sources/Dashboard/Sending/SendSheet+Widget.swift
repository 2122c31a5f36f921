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
    surface.within(layout.offers) { drawOffers(on: &$0) }
    drawStatus(layout, on: &surface)
    if let readOffset { drawMessage(from: readOffset, on: &surface) }
  }

  /// The regions of the parts, with as many rows for the note as it needs, where there is space.
  func layout(in size: Size) -> SheetLayout {
    let width = SheetLayout(size, files: paths.count).statusWidth
    let rows = statusTexts.flatMap { $0.wrapped(to: width) }.count
    return SheetLayout(size, files: paths.count, noteRows: max(1, rows - 1), offers: shownOffers.count)
  }

  /// The number and the size of files, with those in directories: `1,206 files, 3.2 GiB`; while directories are being
  /// counted `2 entries, counting`.
  func amount(of files: some Collection<SendCheck.File>) -> String {
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
  var totalText: String { amount(of: sendable) }

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
  func labelWidth(_ surface: Surface) -> Int { surface.width >= 24 ? 6 : 1 }

  private func drawModes(on surface: inout Surface) {
    let shown = surface.height >= Self.modes.count ? Self.modes : [mode]
    for (y, shownMode) in shown.enumerated() {
      surface.within(Rect(x: 0, y: y, width: surface.width, height: 1)) { surface in
        let isChosen = shownMode == mode
        let theme = surface.theme
        let label = labelWidth(surface)
        if y == 0, label > 1 { surface.write("Mode", x: 1, y: 0, style: theme.dim) }
        surface.put(isChosen ? surface.glyphs.checked : .space, x: label, y: 0, style: theme.accent)
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

  func drawMark(y: Int, on surface: inout Surface) {
    surface.put(surface.glyphs.selection, x: 0, y: y, style: surface.theme.accent)
  }
}
