import TerminalUI
import UploadCore

/// The last rejected requests: a row for each kind, with the number of identical ones, and all about the selected one below.
struct RejectedView: Widget {
  /// Those that match the filter, the newest first.
  let entries: [RejectionLog.Entry]
  /// How many requests the server has rejected since its start.
  let total: UInt64
  let place: RowPlace<Int>
  let filter: String

  private enum Field {
    case time, count, client, method, path, status, reason
  }

  func draw(on surface: inout Surface) {
    surface.draw(panel, in: surface.bounds)
    let areas = TableAreas(surface.bounds, hasDetail: true)
    guard !entries.isEmpty else {
      let text =
        filter.isEmpty ? "No request was rejected." : "No rejected request contains all of \"\(filter)\"."
      return surface.draw(Placeholder(lines: [StyledText(text, surface.theme.dim)]), in: areas.rows)
    }
    let columns = Self.columns(width: areas.rows.width)
    columns.drawTitles(on: &surface, in: areas.titles)
    let list = ItemList(count: entries.count, scroll: place.scroll, isFocused: true) { index, _, surface in
      if entries.indices.contains(index) { Self.draw(entries[index], columns, on: &surface) }
    }
    surface.draw(list, in: areas.rows)
    if let entry = entries.first(where: { $0.id == place.id }) { drawDetail(entry, areas.detail, on: &surface) }
  }

  private var panel: Panel {
    let shown = filter.isEmpty ? "" : "\(entries.count) with \"\(filter)\""
    return Panel(
      "Rejected requests",
      trailing: StyledText(total.grouped),
      footer: StyledText(shown),
      isFocused: true
    )
  }

  private static func columns(width: Int) -> TableColumns<Field> {
    TableColumns(
      [
        .init(field: .time, title: "last", width: .fixed(8), priority: 4),
        .init(field: .count, title: "times", width: .fixed(5), priority: 3, alignment: .trailing),
        .init(field: .client, title: "client", width: .flexible(min: 15), priority: 5),
        .init(field: .method, title: "method", width: .fixed(7), priority: 6),
        .init(field: .path, title: "path", width: .flexible(min: 10, weight: 3), priority: 2),
        .init(field: .status, title: "status", width: .fixed(width >= 60 ? 6 : 3), priority: 0),
        .init(field: .reason, title: "reason", width: .flexible(min: 14, weight: 4), priority: 1),
      ],
      width: width
    )
  }

  private static func draw(_ entry: RejectionLog.Entry, _ columns: TableColumns<Field>, on surface: inout Surface) {
    let (theme, request) = (surface.theme, entry.request)
    columns.write(entry.last.text, .time, theme.dim, on: &surface)
    let count = request.count > 1 ? times(request.count) : ""
    columns.write(count, .count, theme.accent, on: &surface)
    columns.write(request.client ?? "several", .client, theme.text, truncation: .middle, on: &surface)
    columns.write(request.method ?? "", .method, theme.text, on: &surface)
    columns.write(request.path ?? "", .path, theme.text, truncation: .middle, on: &surface)
    columns.write("\(request.status)", .status, theme.warning, on: &surface)
    columns.write(request.reason, .reason, theme.dim, on: &surface)
  }

  /// A number in five columns: `99999`, `123k`, `45M`.
  private static func times(_ count: UInt64) -> String {
    switch count {
    case ..<100_000: "\(count)"
    case ..<10_000_000: "\(count / 1000)k"
    case ..<10_000_000_000: "\(count / 1_000_000)M"
    case _: "many"
    }
  }

  /// Draws all texts of the selected entry, wrapped, below a rule.
  private func drawDetail(_ entry: RejectionLog.Entry, _ area: Rect, on surface: inout Surface) {
    guard area.height > 1 else { return }
    let (theme, request) = (surface.theme, entry.request)
    surface.fill(
      Rect(x: area.x, y: area.y, width: area.width, height: 1),
      with: surface.glyphs.border.horizontal,
      style: theme.border
    )
    let width = area.width - 2
    let host = request.host.map { " of \($0)" } ?? ""
    let target = [request.method ?? "request", request.path].compactMap { $0 }.joined(separator: " ") + host
    let requests = request.count == 1 ? "1 request" : "\(request.count.grouped) requests"
    let time = entry.first == entry.last ? entry.last.text : "\(entry.first.text) to \(entry.last.text)"
    let facts = "from \(request.client ?? "several clients"): \(requests), \(time)"
    surface.within(Rect(x: area.x + 1, y: area.y + 1, width: width, height: area.height - 1)) { surface in
      surface.write(StyledText(target, theme.title), x: 0, y: 0, width: width, truncation: .middle)
      surface.write(StyledText(facts, theme.text), x: 0, y: 1, width: width)
      let reason = "\(request.status): \(request.reason)"
      for (index, row) in reason.wrapped(to: width, limit: max(1, area.height - 3)).enumerated() {
        surface.write(StyledText(row, theme.warning), x: 0, y: 2 + index, width: width)
      }
    }
  }
}
