import TerminalUI
import UploadCore
import UploadReport

/// The dashboard on a screen too small for panes: as many rows as there are, the most important first.
struct SummaryView: Widget {
  let state: DashboardState
  let facts: DashboardFacts
  let isFrozen: Bool
  /// Whether the program quits when all uploads have finished.
  var isQuitting = false

  func draw(on surface: inout Surface) {
    guard surface.height > 1 else { return drawOneRow(on: &surface) }
    let warning = surface.height > 2 ? facts.warning : nil
    let room = surface.height - (warning == nil ? 0 : 1)
    for (y, row) in rows(surface).prefix(room).enumerated() { surface.write(row, x: 0, y: y, width: surface.width) }
    if let warning {
      surface.write(StyledText(warning, surface.theme.warning), x: 0, y: surface.height - 1, width: surface.width)
    }
  }

  /// Draws `↓3 212MiB/s ↑2 96MiB/s memory 14MiB`, or the most useful part of it that fits.
  private func drawOneRow(on surface: inout Surface) {
    let lists = UploadDirection.allCases.map { ($0.arrow(surface.glyphs.isUnicode), state[$0]) }
    let counts = lists.map { "\($0)\($1.activeCount)" }
    let rates = zip(counts, lists).map { "\($0) \(Figures.shortRate($1.1.totalRate))" }.joined(separator: " ")
    let memory = "\(state.memory.resident >> 20)MiB"
    let active = lists.reduce(0) { $0 + $1.1.activeCount }
    let both = counts.joined(separator: " ")
    let texts = ["\(rates) memory \(memory)", rates, "\(both) \(memory)", both, counts.joined(), "\(active)"]
    let text = texts.first { $0.columns <= surface.width } ?? "+"
    surface.write(text, x: 0, y: 0, style: active > 0 ? surface.theme.accent : surface.theme.text)
  }

  private func rows(_ surface: Surface) -> [StyledText] {
    let theme = surface.theme
    var rows = UploadDirection.allCases.map { direction in
      let list = state[direction]
      let style = list.activeCount > 0 ? theme.accent : theme.dim
      let count = Figures.padded("\(list.activeCount)", 2)
      return StyledText("\(direction.arrow(surface.glyphs.isUnicode)) \(count) ", style)
        + StyledText(Figures.padded(ByteSize.rateText(list.totalRate), Figures.rateColumns))
    }
    let downloads = state.downloads
    if downloads.active > 0 {
      let rate = Figures.padded(ByteSize.rateText(downloads.speed), Figures.rateColumns)
      rows.append(StyledText("D \(Figures.padded("\(downloads.active)", 2)) ", theme.accent) + StyledText(rate))
    }
    let memory = StyledText("memory ", theme.dim) + StyledText(Figures.wholeMemory(state.memory.resident))
    rows.append(isFrozen ? memory + StyledText("  FROZEN", theme.warning.adding(.bold)) : memory)
    if isQuitting { rows.append(StyledText("quits when finished", theme.warning)) }
    let running = UploadDirection.allCases.flatMap { direction in
      state[direction].shown.prefix(surface.height).compactMap { state[direction][$0] }.filter(\.isRunning)
    }
    if running.isEmpty { rows.append(StyledText(facts.shownLink, theme.accent)) }
    return rows + running.map { row(of: $0, theme: theme) }
  }

  /// ` 51 % holiday-video.mp4`, with the state before the name when it is not receiving or sending.
  private func row(of record: UploadRecord, theme: Theme) -> StyledText {
    let upload = record.now
    let isMoving = upload.state == .receiving || upload.state == .sending
    let fraction = upload.state == .interrupted ? record.barParts?.received : upload.fraction
    let part = fraction.map(Figures.percent) ?? Figures.short(upload.shownBytes)
    return StyledText([
      Span("\(Figures.padded(part, 5)) ", theme.title),
      Span(isMoving ? "" : "\(record.stateText) ", record.stateStyle(theme)),
      Span(record.tree.map { "\(upload.name): \($0.now.filesText)" } ?? upload.name),
    ])
  }
}
