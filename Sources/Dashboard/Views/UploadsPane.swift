import TerminalUI
import UploadCore

/// All uploads of one direction, in a box.
struct UploadsPane: Widget {
  let direction: UploadDirection
  let list: UploadList
  let scroll: Scroll
  let isFocused: Bool
  /// Rows of one upload: 1 to 3.
  let rowsPerUpload: Int
  let settings: DashboardSettings
  let filter: String
  /// How many files are marked in the closed file picker, to be sent later; 0 for incoming uploads.
  let marked: Int
  let facts: DashboardFacts
  /// How many requests the server has rejected since its start; 0 for outgoing uploads.
  let rejectedCount: UInt64

  func draw(on surface: inout Surface) {
    surface.draw(panel(surface), in: surface.bounds)
    let content = Panel.content(of: surface.bounds)
    guard !list.shown.isEmpty else {
      let lines = placeholder(surface.theme, width: content.width - 2)
      return surface.draw(Placeholder(lines: lines), in: content)
    }
    let layout = UploadRowLayout(width: content.width, rows: rowsPerUpload)
    let (list, count, height) = (list, list.shown.count, rowsPerUpload)
    let items = ItemList(count: count, itemHeight: height, scroll: scroll, isFocused: isFocused) { row, _, surface in
      guard let record = list.record(at: row) else { return }
      UploadRow(record: record, layout: layout).draw(on: &surface)
    }
    surface.draw(items, in: content)
  }

  private func panel(_ surface: Surface) -> Panel {
    let theme = surface.theme
    let isIncoming = direction == .incoming
    let name = StyledText([
      Span(surface.glyphs.superscript(isIncoming ? 1 : 2), theme.key), Span(isIncoming ? "Incoming " : "Outgoing "),
    ])
    let role = StyledText(isIncoming ? "(server) " : "(client) ", theme.dim)
    var counts = StyledText("\(list.activeCount) active", list.runningCount > 0 ? theme.accent : theme.dim)
    if list.queuedCount > 0 { counts.append(" \(surface.glyphs.separator.text) \(list.queuedCount) queued", theme.dim) }
    let whole = name + role + counts
    // The role is left out first, because it never changes. The corners of the border take six columns.
    let title = whole.columns <= surface.width - 6 ? whole : name + counts
    let rate = list.activeCount > 0 ? StyledText(ByteSize.rateText(list.totalRate), theme.text) : ""
    return Panel(title, trailing: rate, footer: footer(surface), isFocused: isFocused)
  }

  private func footer(_ surface: Surface) -> StyledText {
    let height = Panel.content(of: surface.bounds).height
    let visible = ItemList.visible(height: height, itemHeight: rowsPerUpload)
    let above = scroll.offset(count: list.shown.count, visible: visible)
    let counts: [(Int, String)] = [
      (above, "above"), (list.shown.count - above - visible, "below"), (list.unlisted, "queued and not listed"),
      (list.stalledCount, "stalled"), (list.interruptedCount, "interrupted"), (list.pausedCount, "paused"),
      (list.endedCount, "ended"), (list.droppedCount, "older not listed"),
      (Int(clamping: rejectedCount), "rejected"),
    ]
    var parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !filter.isEmpty { parts.append("filter: \(filter)") }
    if settings.sort != .started { parts.append("by \(settings.sort.rawValue)") }
    if marked > 0 { parts.append("\(marked) marked to send") }
    if direction == .outgoing { parts.append("next: \(settings.mode.rawValue)") }
    return StyledText(parts.joined(separator: " \(surface.glyphs.separator.text) "))
  }

  /// The text in place of rows: how to send a file, or with a filter that nothing contains it.
  private func placeholder(_ theme: Theme, width: Int) -> [StyledText] {
    if !filter.isEmpty { return [StyledText("Nothing here contains \"\(filter)\".", theme.dim)] }
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

/// Lines of text in the middle of a region that has nothing else to show.
struct Placeholder: Widget {
  let lines: [StyledText]

  func draw(on surface: inout Surface) {
    let top = max(0, (surface.height - lines.count) / 2)
    for (index, line) in lines.enumerated() {
      surface.write(line, x: 1, y: top + index, width: surface.width - 2, alignment: .center)
    }
  }
}
