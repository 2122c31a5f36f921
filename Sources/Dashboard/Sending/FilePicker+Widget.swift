import TerminalUI
import UploadCore

extension FilePicker: Widget {
  /// Draws the picker into a region of any size, with a border where there is space for one.
  func draw(on surface: inout Surface) {
    let layout = layout(in: Size(width: surface.width, height: surface.height))
    surface.fill(surface.bounds)
    if layout.hasBorder {
      let (trailing, footer) = (StyledText(countText), StyledText(marksText))
      let panel = Panel("Choose files to send", trailing: trailing, footer: footer, isFocused: true)
      surface.draw(panel, in: surface.bounds)
    }
    surface.within(layout.path) { drawPath(on: &$0) }
    surface.within(layout.titles) { PickerRow(width: $0.width).drawTitles(on: &$0) }
    surface.within(layout.list) { drawList(on: &$0) }
    surface.within(layout.status) { drawStatus(on: &$0, hasBorder: layout.hasBorder) }
  }

  /// The regions of the parts, with as many rows for a message as it needs, where there is space.
  func layout(in size: Size) -> PickerLayout {
    let layout = PickerLayout(size, context: context)
    guard let message else { return layout }
    let rows = message.printable.wrapped(to: layout.messageWidth).count
    return rows > 1 ? PickerLayout(size, context: context, messageRows: rows) : layout
  }

  /// The number of the directory's entries: `9 entries, 1 hidden`, or with a filter `2 of 9`; empty unless it was read.
  private var countText: String {
    guard content == .read else { return "" }
    let all = entries.unfilteredCount
    let shown = entries.count == all ? Figures.count(all, "entry", "entries") : "\(entries.count) of \(all)"
    return entries.showsHidden || entries.hiddenCount == 0 ? shown : "\(shown), \(entries.hiddenCount) hidden"
  }

  /// What is marked, and how much of that is not shown here: the key that sends sends it nevertheless.
  private var marksText: String {
    let elsewhere = marks.paths.count { PickerPath.split($0)?.parent != directory }
    guard content != .reading, elsewhere > 0 else { return marks.text }
    return "\(marks.text), \(UInt64(elsewhere).grouped) not in this directory"
  }

  private func drawPath(on surface: inout Surface) {
    let field = Self.textArea(surface)
    if context == .typingPath {
      surface.draw(path, in: field)
    } else {
      let text = StyledText(PlainText.sanitized(PickerPath.abbreviated(directory, home: home)), surface.theme.title)
      surface.write(text, x: field.x, y: 0, width: field.width, truncation: .start)
    }
  }

  /// The region less a margin of one column on both sides; below 12 columns the whole region.
  private static func textArea(_ surface: Surface) -> Rect {
    surface.bounds.inset(horizontally: surface.width >= 12 ? 1 : 0, vertically: 0)
  }

  private func drawList(on surface: inout Surface) {
    if context == .typingPath, candidates.count > 0 { return drawCandidates(on: &surface) }
    if let text = emptyText {
      let style = content == .read || content == .reading ? surface.theme.dim : surface.theme.bad
      return surface.within(Self.textArea(surface)) { $0.writeWrapped(text, style: style) }
    }
    let row = PickerRow(width: surface.width)
    let list = ItemList(count: entries.count, scroll: scroll, isFocused: context != .typingPath) { index, _, surface in
      guard let entry = entries.entry(index) else { return }
      let path = PickerPath.join(directory, entry.name)
      row.draw(entry, isMarked: marks.contains(path), size: treeSize(path), on: &surface)
    }
    surface.draw(list, in: surface.bounds)
  }

  /// The size of a marked directory once it was counted, or that it is being counted; nil for others.
  private func treeSize(_ path: String) -> String? {
    if marks.counts.isCounting(path) { return "counting" }
    guard let count = marks.counts[path] else { return nil }
    return count.problem == nil ? ByteSize.text(count.bytes) : "unreadable"
  }

  /// The text in place of the entries; nil when there are entries to show.
  private var emptyText: String? {
    switch content {
    case .reading: "Reading this directory."
    case .failed(let problem): "This directory cannot be read: \(problem). Left goes up."
    case .read where entries.count > 0: nil
    case .read where entries.unfilteredCount > 0: "No name contains that text."
    case .read where entries.hiddenCount > 0: "Only hidden files here; press . to show them."
    case .read: "This directory is empty."
    }
  }

  private func drawCandidates(on surface: inout Surface) {
    let row = PickerRow(width: surface.width)
    let space = surface.height
    let shown = candidates.count > space ? max(0, space - 1) : candidates.count
    for (y, entry) in candidates.shownEntries.prefix(shown).enumerated() {
      surface.within(Rect(x: 0, y: y, width: surface.width, height: 1)) {
        row.draw(entry, isMarked: false, size: nil, on: &$0)
      }
    }
    if shown < candidates.count {
      let text = StyledText("and \(candidates.count - shown) more", surface.theme.dim)
      surface.write(text, x: row.name.x, y: space - 1, width: row.name.width)
    }
  }

  // MARK: The last row

  private func drawStatus(on surface: inout Surface, hasBorder: Bool) {
    let theme = surface.theme
    var area = Self.textArea(surface)
    if let message, context != .filtering, surface.height > 1 {
      return surface.within(area) { $0.writeWrapped(message, style: theme.warning) }
    }
    // A border has these texts in it.
    let trailing = context == .filtering ? countText : marksText
    let width = trailing.columns
    if !hasBorder, width > 0, width + 12 <= area.width {
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
    if lookup != nil { return StyledText("Looking for the path.", theme.dim) }
    if !filter.isEmpty { return StyledText([Span("/", theme.key), Span(filter.text)]) }
    if unreadCount > 0, content == .read {
      let read = entries.totalCount
      return StyledText("The first \(read) of \(read + unreadCount) entries; a path can be typed.", theme.warning)
    }
    guard context == .browsing, let selected else { return "" }
    let name = PlainText.sanitized(selected.name)
    if let problem = selected.problem { return StyledText("\(name): \(problem)", theme.dim) }
    guard let count = marks.counts[PickerPath.join(directory, selected.name)] else { return "" }
    if let problem = count.problem { return StyledText("\(name)/: \(problem)", theme.bad) }
    return StyledText("\(name)/: \(count.text)", theme.dim)
  }
}

/// The regions of the file picker's parts; a part without space is empty.
struct PickerLayout {
  /// Whether there is a border around all parts.
  let hasBorder: Bool
  /// The directory, or the path that is being typed.
  let path: Rect
  /// The titles of the columns.
  let titles: Rect
  let list: Rect
  /// The filter or a message; without a border also the marks, or how many entries the filter shows.
  let status: Rect

  /// - Parameters:
  ///   - size: of the region that the picker is drawn into.
  ///   - context: text that is being typed has space before all other parts.
  ///   - messageRows: rows of the message, 1 or more; the list keeps one row.
  init(_ size: Size, context: PickerCommand.Context, messageRows: Int = 1) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 7
    let content = hasBorder ? Panel.content(of: bounds) : bounds
    let height = content.height
    let hasPath = context == .typingPath || height >= 3 || height == 2 && context == .browsing
    let hasStatus = context == .filtering || height >= 3
    let (pathRows, titleRows) = (hasPath ? 1 : 0, height >= 6 ? 1 : 0)
    let statusRows = hasStatus ? max(1, min(messageRows, height - pathRows - titleRows - 1)) : 0
    let rows = content.rows([.fixed(pathRows), .fixed(titleRows), .rest(), .fixed(statusRows)])
    (path, titles, list, status) = (rows[0], rows[1], rows[2], rows[3])
  }

  /// How many entries are visible at a time; 1 or more.
  var visible: Int { ItemList.visible(height: list.height) }

  /// Columns of a message.
  var messageWidth: Int { status.width >= 12 ? status.width - 2 : status.width }
}

/// The columns of a row of the file picker: the marks, the name, and the size and time or why the entry cannot be sent.
struct PickerRow {
  let name: Rect
  /// The columns of the size, and of the time if ``hasTime``; empty where there is no space for the size.
  private let details: Rect
  private let hasTime: Bool

  /// - Parameter width: of the row, in columns.
  init(width: Int) {
    // The marks of selection and user, then a space.
    let start = width >= 12 ? 3 : min(width, 1)
    hasTime = width >= 54
    let sizeWidth = width >= 34 ? Self.sizeWidth : 0
    let detailsWidth = hasTime ? Self.sizeWidth + 2 + Self.timeWidth : sizeWidth
    details = Rect(x: max(start, width - 1 - detailsWidth), y: 0, width: detailsWidth, height: 1)
    let margins = (detailsWidth > 0 ? 1 : 0) + (width >= 12 ? 1 : 0)
    name = Rect(x: start, y: 0, width: width - start - detailsWidth - margins, height: 1)
  }

  private static let sizeWidth = 10
  /// Columns of `2026-11-25 18:30`.
  private static let timeWidth = 16

  func drawTitles(on surface: inout Surface) {
    let style = surface.theme.dim
    surface.write("Name", x: name.x, y: 0, width: name.width, style: style)
    guard !details.isEmpty else { return }
    surface.write("Size", x: details.x, y: 0, width: Self.sizeWidth, style: style, alignment: .trailing)
    if hasTime { surface.write("Changed", x: details.x + Self.sizeWidth + 2, y: 0, style: style) }
  }

  /// - Parameter size: of a directory, as text; nil for files, which have their own.
  func draw(_ entry: DirectoryEntry, isMarked: Bool, size: String?, on surface: inout Surface) {
    let theme = surface.theme
    var style = entry.kind == .directory ? theme.accent : theme.text
    var reason = entry.problem
    if case .other(let kind) = entry.kind { reason = kind }
    if let reason {
      style = theme.dim
      let alignment: Alignment = hasTime ? .leading : .trailing
      surface.write(StyledText(reason, style), x: details.x, y: 0, width: details.width, alignment: alignment)
    } else {
      drawDetails(entry, size: size, on: &surface)
    }
    if isMarked {
      style = theme.title
      surface.put(surface.glyphs.checked, x: max(0, name.x - 2), y: 0, style: style)
    }
    drawName(entry, style: style, on: &surface)
  }

  private func drawName(_ entry: DirectoryEntry, style: Style, on surface: inout Surface) {
    var text = StyledText(PlainText.sanitized(entry.name) + (entry.kind == .directory ? "/" : ""), style)
    if let target = entry.linkTarget {
      text.append((surface.glyphs.isUnicode ? " → " : " -> ") + PlainText.sanitized(target), surface.theme.dim)
    }
    // The end of a name is its extension; the end of a link is only its target.
    let truncation: Truncation = entry.linkTarget == nil ? .middle : .end
    surface.write(text, x: name.x, y: 0, width: name.width, truncation: truncation)
  }

  private func drawDetails(_ entry: DirectoryEntry, size: String?, on surface: inout Surface) {
    let size = entry.kind == .directory ? size : entry.size.map { ByteSize.text($0) }
    let width = min(Self.sizeWidth, details.width)
    surface.write(StyledText(size ?? ""), x: details.x, y: 0, width: width, alignment: .trailing)
    guard hasTime else { return }
    let time = StyledText(entry.modified, surface.theme.dim)
    surface.write(time, x: details.x + Self.sizeWidth + 2, y: 0, width: Self.timeWidth)
  }
}
