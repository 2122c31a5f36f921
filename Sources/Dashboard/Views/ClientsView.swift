import TerminalUI
import UploadCore
import UploadReport

/// The uploads of one direction grouped by client, or by server: totals, and beneath an open one its uploads.
struct ClientsView: Widget {
  let direction: UploadDirection
  let clients: ClientList
  let uploads: UploadList
  /// The uploads that the user has marked.
  let marks: Set<UploadID>
  let scroll: Scroll
  let sort: UploadSort
  let filter: String

  private enum Field {
    case name, address, active, stalled, waiting, rate, bytes, left, done, failed
  }

  func draw(on surface: inout Surface) {
    surface.draw(panel(surface.glyphs), in: surface.bounds)
    let areas = TableAreas(surface.bounds, hasDetail: false)
    guard !clients.rows.isEmpty else {
      let nothing = direction == .incoming ? "No client has sent anything yet." : "Nothing was sent to a server yet."
      let text = filter.isEmpty ? nothing : "Nothing here matches \"\(filter)\"."
      return surface.draw(Placeholder(lines: [StyledText(text, surface.theme.dim)]), in: areas.rows)
    }
    let columns = columns(width: areas.rows.width)
    columns.drawTitles(on: &surface, in: areas.titles)
    let list = ItemList(count: clients.rows.count, scroll: scroll, isFocused: true) { index, _, surface in
      guard clients.rows.indices.contains(index) else { return }
      switch clients.rows[index] {
      case .client(let summary): draw(summary, columns, on: &surface)
      case .upload(let id): if let record = uploads[id] { draw(record, columns, on: &surface) }
      }
    }
    surface.draw(list, in: areas.rows)
  }

  private func panel(_ glyphs: GlyphSet) -> Panel {
    let shown = clients.rows.count { if case .client = $0 { true } else { false } }
    let count = shown == clients.clientCount ? "\(shown)" : "\(shown) of \(clients.clientCount)"
    var parts: [String] = []
    if clients.droppedCount > 0 { parts.append("\(clients.droppedCount) older not listed") }
    if !filter.isEmpty { parts.append("filter: \(filter)") }
    if sort != .started { parts.append("by \(sort.rawValue)") }
    return Panel(
      StyledText(direction == .incoming ? "Clients: \(count)" : "Servers: \(count)"),
      trailing: StyledText(ByteSize.rateText(uploads.totalRate)),
      footer: StyledText(parts.joined(separator: " \(glyphs.separator.text) ")),
      isFocused: true
    )
  }

  private func columns(width: Int) -> TableColumns<Field> {
    let isIncoming = direction == .incoming
    var definitions: [TableColumns<Field>.Definition] = [
      .init(field: .name, title: isIncoming ? "client" : "server", width: .flexible(min: 12, weight: 3), priority: 0),
      .init(field: .address, title: "address", width: .flexible(min: 15), priority: 8),
      .init(field: .active, title: "active", width: .fixed(6), priority: 2, alignment: .trailing),
      .init(field: .stalled, title: "stalled", width: .fixed(7), priority: 3, alignment: .trailing),
      .init(field: .waiting, title: "waiting", width: .fixed(7), priority: 7, alignment: .trailing),
      .init(field: .rate, title: "rate", width: .fixed(Figures.rateColumns), priority: 1, alignment: .trailing),
      .init(
        field: .bytes,
        title: isIncoming ? "received" : "sent",
        width: .fixed(8),
        priority: 4,
        alignment: .trailing
      ),
      .init(field: .left, title: "left", width: .fixed(Figures.clockColumns), priority: 9, alignment: .trailing),
      .init(field: .done, title: "complete", width: .fixed(8), priority: 6, alignment: .trailing),
      .init(field: .failed, title: "failed", width: .fixed(6), priority: 5, alignment: .trailing),
    ]
    // A server is its address.
    if !isIncoming { definitions.removeAll { $0.field == .address } }
    return TableColumns(definitions, width: width)
  }

  private func draw(_ client: ClientList.Summary, _ columns: TableColumns<Field>, on surface: inout Surface) {
    let (theme, totals) = (surface.theme, client.totals)
    let isActive = totals.active > 0
    let numbers = isActive ? theme.text : theme.dim
    let mark = client.isOpen ? "-" : "+"
    columns.write(
      "\(mark) \(client.key.name)",
      .name,
      isActive ? theme.title : theme.dim,
      truncation: .middle,
      on: &surface
    )
    if case .sender = client.key {
      columns.write(totals.address, .address, theme.dim, truncation: .middle, on: &surface)
    }
    columns.write(Self.count(totals.active), .active, isActive ? theme.accent : theme.dim, on: &surface)
    columns.write(Self.count(totals.stalled), .stalled, theme.warning, on: &surface)
    columns.write(Self.count(totals.waiting), .waiting, theme.dim, on: &surface)
    if isActive { columns.write(ByteSize.rateText(totals.rate), .rate, numbers, on: &surface) }
    columns.write(Figures.compact(totals.bytes), .bytes, numbers, on: &surface)
    columns.write(totals.timeLeft.map(Figures.clock) ?? "", .left, numbers, on: &surface)
    columns.write(Self.count(totals.finished), .done, theme.good, on: &surface)
    columns.write(Self.count(totals.failed), .failed, theme.bad, on: &surface)
  }

  /// Draws an upload of an open client: its name, its state in the columns of the counts, and its numbers.
  private func draw(_ record: UploadRecord, _ columns: TableColumns<Field>, on surface: inout Surface) {
    let (theme, upload) = (surface.theme, record.now)
    let isMoving = record.isRunning && !upload.isResting
    let numbers = isMoving ? theme.text : theme.dim
    if let name = columns.range(of: .name) {
      let x = min(name.lowerBound + 4, name.upperBound)
      let mark = marks.contains(record.id) ? "\(surface.glyphs.checked.text) " : ""
      let text = StyledText([Span(mark, theme.accent), Span(upload.name, isMoving ? theme.text : theme.dim)])
      surface.write(text, x: x, y: 0, width: name.upperBound - x, truncation: .middle)
    }
    let places = [Field.address, .active, .stalled, .waiting].compactMap { columns.range(of: $0) }
    if let start = places.first?.lowerBound, let end = places.last?.upperBound {
      let part = isMoving ? record.barParts.map { " \(Figures.percent($0.received))" } ?? "" : ""
      let style = record.hasLosses ? theme.bad : theme.style(of: upload.state)
      let text = StyledText(record.stateText + part, style)
      surface.write(text, x: start, y: 0, width: end - start, alignment: .trailing, truncation: .start)
    }
    if let rate = upload.shownRate { columns.write(ByteSize.rateText(rate), .rate, numbers, on: &surface) }
    columns.write(Figures.compact(upload.shownBytes), .bytes, numbers, on: &surface)
    columns.write(upload.shownTime, .left, numbers, on: &surface)
  }

  /// A number in six columns, or nothing for 0.
  private static func count(_ number: Int) -> String {
    switch number {
    case ...0: ""
    case ..<1_000_000: "\(number)"
    case _: "many"
    }
  }
}
