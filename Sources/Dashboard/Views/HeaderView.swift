import TerminalUI
import UploadCore

/// The first one or two rows: totals of both directions and the memory of the process; then the link to share and the
/// resources in use.
struct HeaderView: Widget {
  let state: DashboardState
  let facts: DashboardFacts
  let isFrozen: Bool

  private static let gap = 2

  func draw(on surface: inout Surface) {
    drawTotals(on: &surface)
    if surface.height > 1 { HeaderResources(state: state, facts: facts).draw(on: &surface) }
  }

  // MARK: Totals

  /// How much of a direction's totals is shown.
  private enum Detail {
    /// `↓ 12 · 131 MiB/s · 18.4 GiB left, 2:24`
    case bytesAndTime
    /// `↓ 12 · 131 MiB/s · 2:24`
    case time
    /// `↓ 12 · 131 MiB/s`
    case rate
    /// `↓ 12`
    case count

    /// The columns that the first direction has at least, so that the second one does not move with each number.
    var columns: Int {
      switch self {
      case .bytesAndTime: 39
      case .time: 23
      case .rate: 17
      case .count: 5
      }
    }
  }

  /// Draws the totals and the memory with its peak: as much of them as fits, the most that the width allows.
  private func drawTotals(on surface: inout Surface) {
    let (theme, width) = (surface.theme, surface.width)
    let memory = StyledText([
      Span("memory ", theme.dim), Span(Figures.wholeMemory(state.memory.resident), theme.text),
    ])
    let peak = StyledText(", peak \(Figures.wholeMemory(state.memory.peak))", theme.dim)
    let variants: [(Detail, StyledText)] = [
      (.bytesAndTime, memory + peak), (.bytesAndTime, memory), (.time, memory), (.rate, memory), (.rate, ""),
      (.count, ""),
    ]
    for (detail, right) in variants {
      let left = totals(detail, surface)
      guard left.columns + (right.isEmpty ? 0 : Self.gap + right.columns) + 2 <= width else { continue }
      surface.write(left, x: 1, y: 0)
      return surface.write(right, x: 0, y: 0, width: width - 1, alignment: .trailing)
    }
    surface.write(totals(.count, surface), x: 1, y: 0, width: width - 1)
  }

  /// `sluice  ↓ 3 · 212 MiB/s   ↑ 2 · 96.3 MiB/s`
  private func totals(_ detail: Detail, _ surface: Surface) -> StyledText {
    let theme = surface.theme
    var text = StyledText("sluice", theme.title)
    if isFrozen { text.append("  FROZEN", theme.warning.adding(.bold)) }
    let (first, second) = (total(.incoming, detail, surface), total(.outgoing, detail, surface))
    text.append("  ")
    text = text + first
    // The space of the widest usual totals, where there is that much.
    let room = surface.width - text.columns - second.columns - 30
    text.append(String(repeating: " ", count: Self.gap + max(0, min(detail.columns - first.columns, room))))
    return text + second
  }

  private func total(_ direction: UploadDirection, _ detail: Detail, _ surface: Surface) -> StyledText {
    let (theme, list) = (surface.theme, state[direction])
    let isBusy = list.activeCount > 0
    let dot = " \(surface.glyphs.separator.text) "
    let arrow = direction.arrow(surface.glyphs.isUnicode)
    var text = StyledText([
      Span("\(arrow) ", isBusy ? theme.accent : theme.dim),
      Span("\(list.activeCount)", isBusy ? theme.text : theme.dim),
    ])
    if detail == .count { return text }
    text.append(dot, theme.dim)
    text.append(Figures.rate(list.totalRate), isBusy ? theme.text : theme.dim)
    let remaining = list.remaining
    let left = remaining.seconds(at: list.totalRate).map(Figures.clock)
    // Where not all sizes are known, it is at least that much.
    let least = remaining.isExact ? "" : surface.glyphs.isUnicode ? "≥" : ">"
    switch detail {
    case .count, .rate: break
    case .time:
      if let left { text.append("\(dot)\(least)\(left)", theme.text) }
    case .bytesAndTime where remaining.bytes > 0:
      text.append("\(dot)\(least)\(ByteSize.text(remaining.bytes)) left", theme.text)
      if let left { text.append(", \(left)", theme.text) }
    case .bytesAndTime: break
    }
    return text
  }
}

/// The second row of the header: the link to share at the left; downloads, buffers, disk and uptime at the right. What
/// does not fit is left out, the least important first.
private struct HeaderResources {
  let state: DashboardState
  let facts: DashboardFacts

  private static let gap = 2
  /// How many characters of a token are shown where the whole link does not fit beside the hint.
  private static let tokenPrefix = 4

  private struct Part {
    var text: StyledText
    /// The part with the highest number is left out first.
    var priority: Int
  }

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    let dot = StyledText(" \(surface.glyphs.separator.text) ", theme.dim)
    let right = resources(theme)
    let link = link(width: surface.width, right, theme)
    let left = [Part(text: link.text, priority: 0)] + places(theme, hint: link.hint)
    // Both margins.
    var room = surface.width - 2
    var shown: Set<Int> = []
    for (index, part) in (left + right).enumerated().sorted(by: { $0.element.priority < $1.element.priority }) {
      let columns = part.text.columns + (index < left.count ? Self.gap : dot.columns)
      guard columns <= room + (shown.isEmpty ? Self.gap : 0) else { continue }
      room -= columns
      shown.insert(index)
    }
    var x = 1
    for (index, part) in left.enumerated() where shown.contains(index) {
      x += surface.write(part.text, x: x, y: 1, style: theme.dim) + Self.gap
    }
    let texts = right.indices.filter { shown.contains(left.count + $0) }.map { right[$0].text }
    let line = texts.dropFirst().reduce(texts.first ?? "") { $0 + dot + $1 }
    surface.write(line, x: 0, y: 1, width: surface.width - 1, style: theme.dim, alignment: .trailing)
  }

  /// The link, and what the keys do with it where there is space. A link with a token is truncated where the hint fits
  /// only then; where the whole link is wider than the screen, it is the URL alone.
  private func link(width: Int, _ right: [Part], _ theme: Theme) -> (text: StyledText, hint: StyledText) {
    let hint = StyledText([
      Span("(", theme.dim), Span("y", theme.key), Span(" copies, ", theme.dim), Span("Q", theme.key),
      Span(" shows a QR code)", theme.dim),
    ])
    let link = facts.shownLink
    let important = right.filter { $0.priority <= 3 }.reduce(0) { $0 + $1.text.columns + 3 }
    let room = width - 2 - Self.gap - hint.columns - important
    if link.columns <= room { return (StyledText(link, theme.accent), hint) }
    if let fragment = link.firstIndex(of: "#"), link.columns > width - 2 || width >= 100 {
      let end = link.index(fragment, offsetBy: 3 + Self.tokenPrefix, limitedBy: link.endIndex) ?? link.endIndex
      let short = String(link[..<end]) + "…"
      if short.columns <= room { return (StyledText(short, theme.accent), hint) }
    }
    return (StyledText(link.columns <= width - 2 ? link : facts.url, theme.accent), hint)
  }

  private func places(_ theme: Theme, hint: StyledText) -> [Part] {
    var parts = [Part(text: hint, priority: 4)]
    if let token = facts.generatedOwnerToken {
      parts.append(
        Part(text: StyledText("owner's token ", theme.dim) + StyledText(token, theme.accent), priority: 1)
      )
    }
    if let port = facts.rawPort { parts.append(Part(text: StyledText("raw TCP port \(port)", theme.dim), priority: 6)) }
    parts.append(Part(text: StyledText("files in \(facts.directory)", theme.dim), priority: 7))
    return parts
  }

  private func resources(_ theme: Theme) -> [Part] {
    var parts: [Part] = []
    let downloads = state.downloads
    if downloads.active > 0 {
      let name = downloads.active == 1 ? " download " : " downloads "
      let text = StyledText([
        Span("\(downloads.active)", theme.text), Span(name, theme.dim),
        Span(ByteSize.rateText(downloads.speed), theme.text),
      ])
      parts.append(Part(text: text, priority: 2))
    }
    let slabs = state.slabs
    let isFull = slabs.budget > 0 && Double(max(0, slabs.used)) > 0.9 * Double(slabs.budget)
    let buffers = StyledText([
      Span("buffers ", theme.dim),
      Span(Figures.part(slabs.used, of: slabs.budget), isFull ? theme.warning : theme.text),
    ])
    parts.append(Part(text: buffers, priority: 2))
    if let free = state.freeSpace {
      let style = free < 1 << 30 ? theme.warning : theme.text
      let text = StyledText([Span("disk ", theme.dim), Span("\(ByteSize.text(free)) free", style)])
      parts.append(Part(text: text, priority: 3))
    }
    parts.append(Part(text: StyledText("up \(Figures.uptime(state.uptimeMinutes))", theme.dim), priority: 5))
    return parts
  }
}
