import TerminalUI
import UploadCore

/// The first one or two rows: active uploads, the link to the upload page, and the resources in use.
struct HeaderView: Widget {
  let state: DashboardState
  let facts: DashboardFacts
  let isFrozen: Bool

  private static let gap = 2
  private static let sparkColumns = 10
  /// Columns of an amount below 1,000 MiB, which the process should never exceed.
  private static let memoryColumns = 9
  /// Columns of the memory with its label and the margin.
  private static let fewestRight = memoryColumns + 5

  func draw(on surface: inout Surface) {
    var x = surface.write(counts(surface), x: 1, y: 0) + 1 + Self.gap
    let downloads = downloads(surface.theme)
    // Without a second row the memory makes room.
    let room = surface.width - x - (surface.height > 1 ? Self.fewestRight : 0)
    let showsDownloads = downloads.columns > 0 && downloads.columns + Self.gap <= room
    if showsDownloads { x += surface.write(downloads, x: x, y: 0) + Self.gap }
    let right = drawRight(on: &surface, from: x)
    // Centered in the remaining space; in the second row when there is too little.
    let link = facts.shownLink
    let columns = link.columns
    let showsLink = right - x >= columns + Self.gap
    if showsLink { surface.write(link, x: x + (right - x - columns) / 2, y: 0, style: surface.theme.accent) }
    if surface.height > 1 {
      drawSecondRow(on: &surface, withLink: !showsLink, downloads: showsDownloads ? "" : downloads)
    }
  }

  /// `2 downloads 118.0 MiB/s`; empty without an active one.
  private func downloads(_ theme: Theme) -> StyledText {
    let active = state.downloads.active
    guard active > 0 else { return "" }
    let rate = Figures.filled(ByteSize.rateText(state.downloads.speed), Figures.rateColumns)
    return StyledText([
      Span("\(active)", theme.title), Span(active == 1 ? " download " : " downloads ", theme.dim),
      Span(rate, theme.text),
    ])
  }

  /// `sluice  ↓ 3 · 212.0 MiB/s   ↑ 2 · 96.3 MiB/s`, as much of it as fits.
  private func counts(_ surface: Surface) -> StyledText {
    let theme = surface.theme
    var text = StyledText("sluice", theme.title)
    if isFrozen { text.append("  FROZEN", theme.warning.adding(.bold)) }
    for direction in UploadDirection.allCases {
      let list = state[direction]
      let isBusy = list.activeCount > 0
      let rate = ByteSize.rateText(list.totalRate)
      let next = StyledText([
        Span("  \(direction.arrow(surface.glyphs.isUnicode)) ", isBusy ? theme.accent : theme.dim),
        Span("\(list.activeCount)", isBusy ? theme.title : theme.dim),
        Span(" \(surface.glyphs.separator.text) ", theme.dim),
        Span(rate, isBusy ? theme.text : theme.dim),
        // The widest rate has its columns, so that nothing behind it moves.
        Span(Figures.filled("", Figures.rateColumns - rate.utf8.count)),
      ])
      guard text.columns + next.columns < surface.width else { break }
      text = text + next
    }
    return text
  }

  /// Draws memory, its sparkline and the uptime, aligned right. Without space the uptime is left out first, then the
  /// sparkline.
  /// - Returns: the column where the free space before them ends, a gap before the first; the width if nothing fits.
  private func drawRight(on surface: inout Surface, from start: Int) -> Int {
    let theme = surface.theme
    let memory = Figures.padded(Figures.memory(state.memory.resident), Self.memoryColumns)
    let uptime = "  up \(Figures.uptime(state.uptimeMinutes))"
    var x = surface.width - 1 - 4 - memory.utf8.count
    guard x >= start else { return surface.width }
    let showsSpark = x - start >= Self.sparkColumns + 1
    if showsSpark { x -= Self.sparkColumns + 1 }
    if x - start >= uptime.utf8.count {
      x -= uptime.utf8.count
      surface.write(uptime, x: surface.width - 1 - uptime.utf8.count, y: 0, style: theme.dim)
    }
    surface.write("RSS ", x: x, y: 0, style: theme.dim)
    let end = x + 4 + surface.write(memory, x: x + 4, y: 0, style: theme.title)
    if showsSpark {
      let graph = Graph(state.residentHistory, maximum: Double(state.memory.peak), style: theme.accent)
      surface.draw(graph, in: Rect(x: end + 1, y: 0, width: Self.sparkColumns, height: 1))
    }
    return x - Self.gap
  }

  /// Draws link and downloads when they have no space above, then the owner's token, slabs, peak memory, free disk space,
  /// raw port and directory. A row too narrow for the whole link has the URL alone.
  /// The first that does not fit ends the row; only slabs are skipped.
  private func drawSecondRow(on surface: inout Surface, withLink: Bool, downloads: StyledText) {
    let theme = surface.theme
    var x = 1
    func put(_ text: StyledText) {
      let columns = text.columns
      guard x + columns < surface.width else { return x = surface.width }
      surface.write(text, x: x, y: 1, style: theme.dim)
      x += columns + Self.gap
    }
    if downloads.columns > 0 { put(downloads) }
    if withLink {
      let link = facts.shownLink
      put(StyledText(x + link.columns < surface.width ? link : facts.url, theme.accent))
    }
    if let token = facts.generatedOwnerToken {
      put(StyledText("owner's token ", theme.dim) + StyledText(token, theme.accent))
    }
    drawSlabs(on: &surface, at: &x)
    put("peak RSS \(Figures.memory(state.memory.peak))")
    if let free = state.freeSpace {
      put(StyledText("disk ") + StyledText("\(ByteSize.text(free)) free", free < 1 << 30 ? theme.warning : .plain))
    }
    if let port = facts.rawPort { put("raw TCP port \(port)") }
    put(StyledText("files in \(facts.directory)"))
  }

  /// Draws the memory budget: `slabs ███───── 12.0 MiB of 256.0 MiB`.
  private func drawSlabs(on surface: inout Surface, at x: inout Int) {
    let slabs = state.slabs
    let part = slabs.budget > 0 ? Double(max(0, slabs.used)) / Double(slabs.budget) : 0
    let budget = Figures.memory(slabs.budget)
    let numbers = "\(Figures.padded(Figures.memory(slabs.used), budget.utf8.count)) of \(budget)"
    let gauge = surface.width >= 80 ? 8 : 0
    let columns = 6 + gauge + 1 + numbers.utf8.count
    guard x + columns < surface.width else { return }
    surface.write("slabs", x: x, y: 1, style: surface.theme.dim)
    surface.draw(Gauge(received: part, stored: part), in: Rect(x: x + 6, y: 1, width: gauge, height: 1))
    let style = part > 0.9 ? surface.theme.warning : surface.theme.dim
    surface.write(numbers, x: x + 7 + gauge, y: 1, style: style)
    x += columns + Self.gap
  }
}
