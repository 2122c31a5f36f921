import TerminalUI
import UploadCore

/// All uploads of one direction, in a box.
struct UploadsPane: Widget {
  let direction: UploadDirection
  let list: UploadList
  let place: ListPlace
  let isFocused: Bool
  let linesPerUpload: Int
  let settings: DashboardSettings
  let filter: String
  /// Files that are marked to be sent and have not been.
  let marked: Int
  let facts: DashboardFacts
  /// Requests that the server rejected; shown with the incoming uploads.
  let rejectedCount: UInt64

  func draw(on surface: inout Surface) {
    surface.draw(panel(surface), in: surface.bounds)
    let content = Panel.content(of: surface.bounds)
    guard !list.shown.isEmpty else {
      let lines = placeholder(surface.theme, width: content.width - 2)
      return surface.draw(Placeholder(lines: lines), in: content)
    }
    let layout = UploadRowLayout(width: content.width, lines: linesPerUpload)
    let list = list
    let items = ItemList(
      count: list.shown.count,
      itemHeight: linesPerUpload,
      scroll: place.scroll,
      isFocused: isFocused
    ) { row, _, surface in
      guard let record = list.record(at: row) else { return }
      UploadRow(record: record, layout: layout).draw(on: &surface)
    }
    surface.draw(items, in: content)
  }

  private func panel(_ surface: Surface) -> Panel {
    let theme = surface.theme
    let isIncoming = direction == .incoming
    let name =
      StyledText(surface.glyphs.superscript(isIncoming ? 1 : 2), theme.key)
      + StyledText(isIncoming ? "Incoming " : "Outgoing ")
    let role = StyledText(isIncoming ? "(server) " : "(client) ", theme.dim)
    var counts = StyledText("\(list.activeCount) active", list.runningCount > 0 ? theme.accent : theme.dim)
    if list.waitingCount > 0 {
      counts.append(" \(surface.glyphs.separator.text) \(list.waitingCount) waiting", theme.dim)
    }
    let whole = name + role + counts
    // What changes is worth more than what does not; a border's corners take six columns.
    let title = whole.columns <= surface.width - 6 ? whole : name + counts
    let rate = list.activeCount > 0 ? StyledText(ByteSize.rateText(list.totalSpeed), theme.text) : ""
    return Panel(title, trailing: rate, footer: footer(surface), isFocused: isFocused)
  }

  private func footer(_ surface: Surface) -> StyledText {
    var parts = hidden(surface)
    if list.unlisted > 0 { parts.append("\(list.unlisted) more in line") }
    if list.stalledCount > 0 { parts.append("\(list.stalledCount) stalled") }
    if list.endedCount > 0 { parts.append("\(list.endedCount) ended") }
    if list.leftOut > 0 { parts.append("\(list.leftOut) older left out") }
    if direction == .incoming, rejectedCount > 0 { parts.append("\(rejectedCount) rejected") }
    if !filter.isEmpty { parts.append("filter: \(filter)") }
    if settings.sort != .started { parts.append("by \(settings.sort.rawValue)") }
    if marked > 0 { parts.append("\(marked) marked to send") }
    if direction == .outgoing { parts.append("next: \(settings.mode.rawValue)") }
    return StyledText(parts.joined(separator: " \(surface.glyphs.separator.text) "))
  }

  /// How many uploads are scrolled out above and below.
  private func hidden(_ surface: Surface) -> [String] {
    let height = Panel.content(of: surface.bounds).height
    let visible = ItemList.visible(height: height, itemHeight: linesPerUpload)
    let above = place.scroll.offset(count: list.shown.count, visible: visible)
    let below = list.shown.count - above - visible
    return [(above, "above"), (below, "below")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
  }

  /// What to do when there is nothing to show.
  private func placeholder(_ theme: Theme, width: Int) -> [StyledText] {
    if !filter.isEmpty { return [StyledText("Nothing here contains \"\(filter)\".", theme.dim)] }
    switch direction {
    case .incoming:
      let (curl, rest) = facts.uploadCommand
      let whole = "\(curl) \(rest)"
      let command = whole.columns <= width ? [whole] : ["\(curl) \\", rest]
      return [StyledText("Nothing has come in yet.", theme.dim), StyledText("Send a file with", theme.dim)]
        + command.map { StyledText($0, theme.accent) }
    case .outgoing:
      let keys = StyledText([
        Span("Press ", theme.dim), Span("u", theme.key), Span(" to choose a file, or drop one here.", theme.dim),
      ])
      return [StyledText("Nothing has been sent yet.", theme.dim), keys]
    }
  }
}

/// A few lines in the middle of a region that has nothing else to show.
struct Placeholder: Widget {
  let lines: [StyledText]

  func draw(on surface: inout Surface) {
    let top = max(0, (surface.height - lines.count) / 2)
    for (index, line) in lines.enumerated() {
      surface.write(line, x: 1, y: top + index, width: surface.width - 2, alignment: .center)
    }
  }
}
