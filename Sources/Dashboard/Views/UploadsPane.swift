import TerminalUI
import UploadCore

/// All uploads of one direction, in a box.
struct UploadsPane: Widget {
  let direction: UploadDirection
  let list: UploadList
  let scroll: Scroll
  let isFocused: Bool
  let form: ScreenLayout.Form
  /// Rows of a running upload: 1 to 3.
  let rowsPerUpload: Int
  /// Whether the first row has the titles of the columns.
  let hasTitles: Bool
  let settings: DashboardSettings
  let filter: String
  /// The marked uploads of both directions.
  let marks: Set<UploadID>
  /// How many files are marked in the closed file picker, to be sent later; 0 for incoming uploads.
  let marked: Int
  let facts: DashboardFacts
  /// What was stored, or sent, since the program began.
  let finished: FinishedFiles
  /// How many requests the server has rejected since its start; 0 for outgoing uploads.
  let rejectedCount: UInt64

  private var isIncoming: Bool { direction == .incoming }

  func draw(on surface: inout Surface) {
    if form == .row { return surface.draw(rowPanel(surface), in: surface.bounds) }
    surface.draw(panel(surface), in: surface.bounds)
    let content = Panel.content(of: surface.bounds)
    if form == .strip {
      return surface.draw(
        Placeholder(lines: strip(surface.theme, width: content.width - 2), isCentered: false),
        in: content
      )
    }
    guard !list.shown.isEmpty else {
      let lines = placeholder(surface.theme, width: content.width - 2)
      return surface.draw(Placeholder(lines: lines), in: content)
    }
    let layout = UploadRowLayout(width: content.width, rows: rowsPerUpload)
    let list = list
    let items = ItemList(heights: list.heights(rowsPerUpload), scroll: scroll, isFocused: isFocused) {
      row,
      _,
      surface in
      guard let record = list.record(at: row) else { return }
      let isMarked = marks.contains(record.id)
      UploadRow(record: record, layout: layout, sparkTop: list.sparkTop, isMarked: isMarked).draw(on: &surface)
    }
    surface.draw(items, in: listRect(content))
    if hasTitles {
      surface.draw(UploadTitles(layout: layout, direction: direction, sort: settings.sort), in: content)
    }
  }

  /// The region of the rows within the border.
  private func listRect(_ content: Rect) -> Rect { content.rows([.fixed(hasTitles ? 1 : 0), .rest()])[1] }

  // MARK: Titles

  /// `1 Incoming`
  private func name(_ theme: Theme) -> StyledText {
    StyledText([Span(isIncoming ? "1" : "2", theme.key), Span(isIncoming ? " Incoming" : " Outgoing")])
  }

  private func panel(_ surface: Surface) -> Panel {
    let rate = list.activeCount > 0 ? StyledText(ByteSize.rateText(list.totalRate), surface.theme.text) : ""
    // The corners of the border take six columns, the gap before the rate three.
    let room = surface.width - 6 - (rate.isEmpty ? 0 : rate.columns + 3)
    return Panel(title(surface, room: room), trailing: rate, footer: footer(surface), isFocused: isFocused)
  }

  /// `1 Incoming · 12 active · 1 stalled · 2 rejected`: as many counts as fit.
  private func title(_ surface: Surface, room: Int) -> StyledText {
    let theme = surface.theme
    let counts: [(UInt64, String, Style)] = [
      (UInt64(list.activeCount), "active", list.runningCount > 0 ? theme.accent : theme.dim),
      (UInt64(list.stalledCount), "stalled", theme.warning),
      (UInt64(list.queuedCount), "queued", theme.dim),
      (UInt64(list.pausedCount), "paused", theme.dim),
      (UInt64(list.interruptedCount), "interrupted", theme.warning),
      (rejectedCount, "rejected", theme.warning),
    ]
    return counts.filter { $0.0 > 0 }.reduce(into: name(theme)) { title, count in
      let next = StyledText([
        Span(" \(surface.glyphs.separator.text) ", theme.dim), Span("\(count.0) \(count.1)", count.2),
      ])
      if title.columns + next.columns <= room { title = title + next }
    }
  }

  /// What is not visible, and how the list is arranged.
  private func footer(_ surface: Surface) -> StyledText {
    guard form == .list else { return "" }
    let rows = listRect(Panel.content(of: surface.bounds)).height
    let window = ListWindow(heights: list.heights(rowsPerUpload), rows: rows)
    let above = list.shown.isEmpty ? 0 : scroll.offset(window.heights, rows: rows)
    let below = max(0, list.shown.count - above - window.visible(scroll))
    let counts: [(Int, String)] = [
      (above, "above"), (below, "below"), (list.unlisted, "queued and not listed"), (list.endedCount, "ended"),
      (list.droppedCount, "older not listed"),
      (marks.count { list[$0] != nil }, "marked"),
    ]
    var parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if finished.files > 0 {
      let files = CountText.files(finished.files)
      parts.append("\(isIncoming ? "stored" : "sent") \(files), \(ByteSize.text(finished.bytes))")
    }
    if !filter.isEmpty { parts.append("filter: \(filter)") }
    if settings.sort != .started { parts.append("by \(settings.sort.rawValue)") }
    if marked > 0 { parts.append("\(marked) marked to send") }
    if direction == .outgoing { parts.append("next: \(settings.mode.rawValue)") }
    return StyledText(parts.joined(separator: " \(surface.glyphs.separator.text) "))
  }

  // MARK: Without uploads

  /// A pane without uploads in one row: a rule with its name, and how to fill it.
  private func rowPanel(_ surface: Surface) -> Panel {
    let theme = surface.theme
    let gap = StyledText(" \(surface.glyphs.separator.text) ", theme.dim)
    var title = title(surface, room: surface.width - 6) + gap
    if !filter.isEmpty {
      title.append("nothing matches \"\(filter)\"", theme.dim)
    } else if isIncoming {
      let (curl, rest) = facts.uploadCommand
      title.append("\(curl) \(rest)", theme.accent)
    } else {
      title.append("u", theme.key)
      title.append(" chooses files, or drop one here", theme.dim)
    }
    return Panel(title, isFocused: isFocused)
  }

  /// How to fill a pane without uploads, in a narrow column.
  private func strip(_ theme: Theme, width: Int) -> [StyledText] {
    if !filter.isEmpty {
      return "Nothing here matches \"\(filter)\".".wrapped(to: width, limit: 6).map { StyledText($0, theme.dim) }
    }
    func key(_ key: String, _ text: String) -> StyledText {
      StyledText([Span(key, theme.key), Span("  \(text)", theme.dim)])
    }
    guard isIncoming else {
      let marked = marked > 0 ? [StyledText("\(marked) marked to send", theme.dim)] : []
      return [key("u", "choose files"), StyledText("or drop one here", theme.dim)] + marked
    }
    let rejected = rejectedCount > 0 ? [StyledText("\(rejectedCount) rejected", theme.warning)] : []
    return [
      key("Q", "QR code"), key("y", "copy the link"), StyledText("or send a file:", theme.dim),
      StyledText("curl -T FILE LINK", theme.dim),
    ] + rejected
  }

  /// The text in place of rows: how to send a file, or with a filter that nothing matches it.
  private func placeholder(_ theme: Theme, width: Int) -> [StyledText] {
    if !filter.isEmpty { return [StyledText("Nothing here matches \"\(filter)\".", theme.dim)] }
    switch direction {
    case .incoming:
      let (curl, rest) = facts.uploadCommand
      let whole = "\(curl) \(rest)"
      let command = whole.columns <= width ? [whole] : ["\(curl) \\", rest]
      let texts = [StyledText("No uploads received yet.", theme.dim), StyledText("Send a file with", theme.dim)]
      return texts + command.map { StyledText($0, theme.accent) }
    case .outgoing:
      let keys = StyledText([
        Span("Press ", theme.dim), Span("u", theme.key), Span(" to choose a file, or drop one here.", theme.dim),
      ])
      return [StyledText("No uploads sent yet.", theme.dim), keys]
    }
  }
}

/// Lines of text in a region that has nothing else to show: in its middle, or at its upper left.
struct Placeholder: Widget {
  let lines: [StyledText]
  var isCentered = true

  func draw(on surface: inout Surface) {
    let top = isCentered ? max(0, (surface.height - lines.count) / 2) : 0
    for (index, line) in lines.enumerated() {
      let alignment = isCentered ? Alignment.center : .leading
      surface.write(line, x: 1, y: top + index, width: surface.width - 2, alignment: alignment)
    }
  }
}
