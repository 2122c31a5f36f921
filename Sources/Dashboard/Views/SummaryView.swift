import TerminalUI
import UploadCore

/// What is left of the dashboard on a screen too small for panes: as many lines as there are, the most important first.
struct SummaryView: Widget {
  let state: DashboardState
  let facts: DashboardFacts
  let isFrozen: Bool

  func draw(on surface: inout Surface) {
    guard surface.height > 0, surface.width > 0 else { return }
    guard surface.height > 1 else { return drawOneLine(on: &surface) }
    let warning = surface.height > 2 ? facts.warning : nil
    let room = surface.height - (warning == nil ? 0 : 1)
    for (y, line) in lines(surface).prefix(room).enumerated() {
      surface.write(line, x: 0, y: y, width: surface.width)
    }
    if let warning {
      surface.write(StyledText(warning, surface.theme.warning), x: 0, y: surface.height - 1, width: surface.width)
    }
  }

  /// `↓3 212MiB/s ↑2 96MiB/s RSS 14MiB`, or as much of it as is of use in less width; at last how many run.
  private func drawOneLine(on surface: inout Surface) {
    let arrows = UploadDirection.allCases.map { $0.arrow(surface.glyphs.isUnicode) }
    let counts = UploadDirection.allCases.map { state[$0].activeCount }
    let rates = UploadDirection.allCases.map { Figures.shortRate(state[$0].totalSpeed) }
    let (down, up) = ("\(arrows[0])\(counts[0])", "\(arrows[1])\(counts[1])")
    let memory = "\(state.memory.resident >> 20)MiB"
    let running = counts.reduce(0, +)
    let texts = [
      "\(down) \(rates[0]) \(up) \(rates[1]) RSS \(memory)", "\(down) \(rates[0]) \(up) \(rates[1])",
      "\(down) \(up) \(memory)", "\(down) \(up)", "\(down)\(up)", "\(running)",
    ]
    let text = texts.first { $0.columns <= surface.width } ?? "+"
    surface.write(text, x: 0, y: 0, style: running > 0 ? surface.theme.accent : surface.theme.text)
  }

  private func lines(_ surface: Surface) -> [StyledText] {
    let theme = surface.theme
    var lines = UploadDirection.allCases.map { direction in
      let list = state[direction]
      let style = list.activeCount > 0 ? theme.accent : theme.dim
      let count = Figures.padded("\(list.activeCount)", 2)
      return StyledText("\(direction.arrow(surface.glyphs.isUnicode)) \(count) ", style)
        + StyledText(Figures.padded(ByteSize.rateText(list.totalSpeed), Figures.rateColumns))
    }
    let memory = StyledText("RSS  ", theme.dim) + StyledText(Figures.memory(state.memory.resident))
    lines.append(isFrozen ? memory + StyledText("  FROZEN", theme.warning.adding(.bold)) : memory)
    let running = UploadDirection.allCases.flatMap { direction in
      state[direction].shown.prefix(surface.height).compactMap { state[direction][$0] }.filter(\.isRunning)
    }
    lines += running.map { line(of: $0, theme: theme) }
    if running.isEmpty { lines.append(StyledText(facts.url, theme.accent)) }
    return lines
  }

  /// ` 51% holiday-video.mp4`, or the state where it is not one of moving.
  private func line(of record: UploadRecord, theme: Theme) -> StyledText {
    let upload = record.now
    let isMoving = upload.state == .receiving || upload.state == .sending
    let part = upload.fraction.map(Figures.percent) ?? Figures.compact(upload.bytes)
    let state = isMoving ? "" : "\(upload.stateWords) "
    return StyledText("\(Figures.padded(part, 4)) ", theme.title) + StyledText(state, theme.style(of: upload.state))
      + StyledText(upload.name)
  }
}
