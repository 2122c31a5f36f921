import TerminalUI
import UploadCore

/// The upper one or two lines: what runs both ways, where to upload to, and what it costs.
struct HeaderView: Widget {
  let state: DashboardState
  let facts: DashboardFacts
  let isFrozen: Bool

  private static let gap = 2
  private static let sparkColumns = 10
  /// Of a number below a GiB, which the program's own memory should be.
  private static let memoryColumns = 9

  func draw(on surface: inout Surface) {
    let left = counts(surface)
    var x = surface.write(left, x: 1, y: 0) + 1 + Self.gap
    let right = drawRight(on: &surface, from: x)
    // In the middle of what is left, where there is something left; else in the second line.
    let url = facts.url.columns
    let showsURL = right - x >= url + Self.gap
    if showsURL {
      x += (right - x - url) / 2
      surface.write(facts.url, x: x, y: 0, style: surface.theme.accent)
    }
    if surface.height > 1 { drawSecondLine(on: &surface, withURL: !showsURL) }
  }

  /// `sluice  ↓ 3 · 212.0 MiB/s   ↑ 2 · 96.3 MiB/s`, the last ones left out where they do not fit.
  private func counts(_ surface: Surface) -> StyledText {
    let theme = surface.theme
    var text = StyledText("sluice", theme.title)
    if isFrozen { text.append("  FROZEN", theme.warning.adding(.bold)) }
    for direction in UploadDirection.allCases {
      let list = state[direction]
      let isBusy = list.activeCount > 0
      var next = StyledText("  \(direction.arrow(surface.glyphs.isUnicode)) ", isBusy ? theme.accent : theme.dim)
      next.append("\(list.activeCount)", isBusy ? theme.title : theme.dim)
      next.append(" \(surface.glyphs.separator.text) ", theme.dim)
      let rate = ByteSize.rateText(list.totalSpeed)
      next.append(rate, isBusy ? theme.text : theme.dim)
      // What follows stands still; a gap between the dot and the rate would tear them apart.
      next.append(String(repeating: " ", count: max(0, Figures.rateColumns - rate.utf8.count)))
      guard text.columns + next.columns < surface.width else { break }
      text = text + next
    }
    return text
  }

  /// Memory, its course and the uptime, the last ones left out first.
  /// - Returns: the column where they begin, less the gap before them.
  private func drawRight(on surface: inout Surface, from start: Int) -> Int {
    let theme = surface.theme
    let memory = Figures.padded(Figures.memory(state.memory.resident), Self.memoryColumns)
    let uptime = "  up \(Figures.uptime(state.uptimeMinutes))"
    let memoryColumns = 4 + memory.utf8.count
    var room = surface.width - 1 - start - memoryColumns
    guard room >= 0 else { return surface.width }
    let showsSpark = room >= Self.sparkColumns + 1
    if showsSpark { room -= Self.sparkColumns + 1 }
    let showsUptime = room >= uptime.utf8.count
    var x = surface.width - 1
    if showsUptime {
      x -= uptime.utf8.count
      surface.write(uptime, x: x, y: 0, style: theme.dim)
    }
    if showsSpark {
      x -= Self.sparkColumns
      let graph = Graph(state.residentHistory, maximum: Double(state.memory.peak), style: theme.accent)
      surface.draw(graph, in: Rect(x: x, y: 0, width: Self.sparkColumns, height: 1))
      x -= 1
    }
    x -= memoryColumns
    surface.write("RSS ", x: x, y: 0, style: theme.dim)
    surface.write(memory, x: x + 4, y: 0, style: theme.title)
    return x - Self.gap
  }

  /// The address where the first line has no room, the budget, the disk, the peak, and where files go.
  private func drawSecondLine(on surface: inout Surface, withURL: Bool) {
    let theme = surface.theme
    var x = 1
    func put(_ text: StyledText) {
      let columns = text.columns
      guard x + columns < surface.width else { return x = surface.width }
      surface.write(text, x: x, y: 1, style: theme.dim)
      x += columns + Self.gap
    }
    if withURL { put(StyledText(facts.url, theme.accent)) }
    if let token = facts.madeToken { put(StyledText("token ", theme.dim) + StyledText(token, theme.accent)) }
    drawSlabs(on: &surface, at: &x)
    put("peak RSS \(Figures.memory(state.memory.peak))")
    if let free = state.freeSpace {
      put(StyledText("disk ") + StyledText("\(ByteSize.text(free)) free", free < 1 << 30 ? theme.warning : .plain))
    }
    if let port = facts.rawPort { put("raw TCP port \(port)") }
    put(StyledText("files in \(facts.directory)"))
  }

  /// `slabs ███───── 12.0 of 256.0 MiB`
  private func drawSlabs(on surface: inout Surface, at x: inout Int) {
    let slabs = state.slabs
    let part = slabs.budget > 0 ? Double(max(0, slabs.used)) / Double(slabs.budget) : 0
    let budget = Figures.memory(slabs.budget)
    let numbers = "\(Figures.padded(Figures.memory(slabs.used), budget.utf8.count)) of \(budget)"
    let gauge = surface.width >= 80 ? 8 : 0
    let columns = 6 + gauge + 1 + numbers.utf8.count
    guard x + columns < surface.width else { return }
    surface.write("slabs", x: x, y: 1, style: surface.theme.dim)
    if gauge > 0 {
      surface.draw(Gauge(received: part, stored: part), in: Rect(x: x + 6, y: 1, width: gauge, height: 1))
    }
    let style = part > 0.9 ? surface.theme.warning : surface.theme.dim
    surface.write(numbers, x: x + 7 + gauge, y: 1, style: style)
    x += columns + Self.gap
  }
}
