package import TerminalUI
import UploadCore

extension FilePicker: Widget {
  /// Draws the picker with a border of its own, or without where that would take too much; any size will do.
  package func draw(on surface: inout Surface) {
    let layout = PickerLayout(Size(width: surface.width, height: surface.height), context: context)
    surface.fill(surface.bounds)
    if layout.hasBorder {
      surface.draw(panel, in: surface.bounds)
    }
    surface.within(layout.path) { drawPath(on: &$0) }
    surface.within(layout.titles) { PickerRow(width: $0.width).drawTitles(on: &$0) }
    surface.within(layout.list) { drawList(on: &$0) }
    surface.within(layout.status) { drawStatus(on: &$0, hasBorder: layout.hasBorder) }
  }

  private var panel: Panel {
    Panel("Choose files to send", trailing: StyledText(countText), footer: StyledText(marksText), isFocused: true)
  }

  /// How many entries are shown, and how many are not.
  private var countText: String {
    guard content == .read else { return "" }
    let all = entries.unfilteredCount
    var text = entries.count == all ? Self.count(all, "entry", "entries") : "\(entries.count) of \(all)"
    if !entries.showsHidden, entries.hiddenCount > 0 { text += ", \(entries.hiddenCount) hidden" }
    return text
  }

  private var marksText: String {
    marks.isEmpty ? "" : "\(marks.count) marked, \(ByteSize.text(marks.totalSize))"
  }

  static func count(_ number: Int, _ one: String, _ several: String) -> String {
    "\(number) \(number == 1 ? one : several)"
  }

  private func drawPath(on surface: inout Surface) {
    let inset = surface.width >= 12 ? 1 : 0
    let field = surface.bounds.inset(horizontally: inset, vertically: 0)
    if context == .typingPath {
      surface.draw(path, in: field)
    } else {
      let text = StyledText(PlainText.sanitized(PickerPath.abbreviated(directory, home: home)), surface.theme.title)
      surface.write(text, x: field.x, y: 0, width: field.width, truncation: .start)
    }
  }

  private func drawList(on surface: inout Surface) {
    if context == .typingPath, candidates.count > 0 { return drawCandidates(on: &surface) }
    if let text = emptyText {
      let area = surface.bounds.inset(horizontally: surface.width >= 12 ? 1 : 0, vertically: 0)
      surface.within(area) { $0.writeWrapped(text.0, style: text.isBad ? $0.theme.bad : $0.theme.dim) }
      return
    }
    let row = PickerRow(width: surface.width)
    let list = ItemList(count: entries.count, scroll: scroll, isFocused: context != .typingPath) { index, _, surface in
      guard let entry = entries.entry(index) else { return }
      row.draw(entry, isMarked: marks.contains(PickerPath.join(directory, entry.name)), on: &surface)
    }
    surface.draw(list, in: surface.bounds)
  }

  /// What stands in place of the entries when there are none.
  private var emptyText: (String, isBad: Bool)? {
    switch content {
    case .reading: return ("Reading this directory.", false)
    case .failed(let problem): return ("This directory cannot be read: \(problem). Left goes up.", true)
    case .read where entries.count > 0: return nil
    case .read where entries.unfilteredCount > 0: return ("No name holds that text.", false)
    case .read where entries.hiddenCount > 0: return ("Only hidden files here; a point shows them.", false)
    case .read: return ("This directory is empty.", false)
    }
  }

  private func drawCandidates(on surface: inout Surface) {
    let row = PickerRow(width: surface.width)
    let space = surface.height
    let seen = candidates.count > space ? space - 1 : candidates.count
    for (y, entry) in candidates.shownEntries.prefix(max(0, seen)).enumerated() {
      let line = Rect(x: 0, y: y, width: surface.width, height: 1)
      surface.within(line) { row.draw(entry, isMarked: false, on: &$0) }
    }
    if seen < candidates.count {
      let text = StyledText("and \(candidates.count - max(0, seen)) more", surface.theme.dim)
      surface.write(text, x: row.name.x, y: space - 1, width: row.name.width)
    }
  }

  // MARK: The lowest line

  private func drawStatus(on surface: inout Surface, hasBorder: Bool) {
    let theme = surface.theme
    var area = surface.bounds.inset(horizontally: surface.width >= 12 ? 1 : 0, vertically: 0)
    // The border says it where there is one.
    let trailing = hasBorder ? "" : context == .filtering ? countText : marksText
    if !trailing.isEmpty, trailing.columns + 12 <= area.width {
      let width = trailing.columns
      surface.write(StyledText(trailing, theme.dim), x: area.maxX - width, y: 0, width: width)
      area = Rect(x: area.x, y: 0, width: area.width - width - 1, height: 1)
    }
    if context == .filtering {
      let columns = surface.write("/", x: area.x, y: 0, style: theme.key)
      surface.draw(filter, in: Rect(x: area.x + columns, y: 0, width: area.width - columns, height: 1))
    } else {
      surface.write(statusText(theme), x: area.x, y: 0, width: area.width)
    }
  }

  private func statusText(_ theme: Theme) -> StyledText {
    if let message { return StyledText(message, theme.warning) }
    if lookup != nil { return StyledText("Looking for it.", theme.dim) }
    if !filter.isEmpty { return StyledText([Span("/", theme.key), Span(filter.text)]) }
    if unreadCount > 0, content == .read {
      return StyledText("The first \(total - unreadCount) of \(total) entries; a path can be typed.", theme.warning)
    }
    guard context == .browsing, let selected else { return "" }
    if let problem = selected.problem {
      return StyledText("\(PlainText.sanitized(selected.name)): \(problem)", theme.dim)
    }
    return ""
  }

  /// How many entries the directory has.
  private var total: Int { entries.totalCount + unreadCount }
}

/// Where the parts of the file picker are, in the region it is drawn into; empty where there is no space for one.
struct PickerLayout {
  /// With a border around everything.
  let hasBorder: Bool
  /// The directory, or the path that is typed.
  let path: Rect
  /// The titles of the columns.
  let titles: Rect
  let list: Rect
  /// The filter, what is to be said, and what is marked.
  let status: Rect

  /// - Parameter mode: where something is typed, its line is the last to go.
  init(_ size: Size, context: PickerCommand.Context) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 7
    let content = hasBorder ? Panel.content(of: bounds) : bounds
    let height = content.height
    // What is typed takes the one line of the path or of the status that there is, or the list's.
    let wantsPath = context == .typingPath ? height >= 1 : height >= 3 || height == 2 && context == .browsing
    let wantsStatus = context == .filtering ? height >= 1 : height >= 3
    let rows = content.rows([
      .fixed(wantsPath ? 1 : 0),
      .fixed(height >= 6 ? 1 : 0),
      .rest(),
      .fixed(wantsStatus ? 1 : 0),
    ])
    (path, titles, list, status) = (rows[0], rows[1], rows[2], rows[3])
  }

  /// How many entries are seen at a time.
  var visible: Int { ItemList.visible(height: list.height) }
}
