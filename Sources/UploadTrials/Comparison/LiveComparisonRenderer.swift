import DashboardApp
import TerminalUI
import UploadCore

/// On a terminal: memory over time of every client, redrawn in place; in the end the table beneath it.
struct LiveComparisonRenderer: ComparisonRenderer {
  /// Ten pictures a second.
  private static let period = Duration.milliseconds(100)

  let theme: Theme
  let glyphs: GlyphSet
  private var drawn = 0
  private var nextDrawing = ContinuousClock.now

  init(theme: Theme, glyphs: GlyphSet) {
    self.theme = theme
    self.glyphs = glyphs
  }

  mutating func note(_ text: String) {
    clear()
    Output.raw(text + "\n")
    drawn = 1
  }

  mutating func begin(_ comparison: Comparison) {
    draw(comparison)
  }

  mutating func show(_ comparison: Comparison) {
    if ContinuousClock.now >= nextDrawing { draw(comparison) }
  }

  mutating func end(_ comparison: Comparison, _ index: Int) {
    draw(comparison)
  }

  /// Leaves the last picture standing.
  mutating func finish(_ comparison: Comparison) {
    draw(comparison)
    drawn = 0
    Output.line("\n" + comparison.table(width: Output.columns ?? 80))
  }

  mutating func clear() {
    Output.raw(drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : "")
    drawn = 0
  }

  private mutating func draw(_ comparison: Comparison) {
    nextDrawing = .now + Self.period
    // One column and one row less: where the last cell is written, some terminals scroll.
    let room = Size(width: (Output.columns ?? 80) - 1, height: (Output.rows ?? 24) - 1)
    let surface = CompareScreen(comparison).surface(room, theme: theme, glyphs: glyphs)
    let lines = surface.ansiText.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    let start = drawn > 0 ? "\u{1B}[\(drawn)A\r" : ""
    // Each line over the old one, so that nothing flickers; what is below from a larger picture goes.
    Output.raw(start + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    drawn = lines.count
  }
}

/// A comparison as a picture of cells: a row or a few for each client, with its memory over time in the middle. All have
/// the same scale in both directions.
struct CompareScreen {
  private static let labelWidth = 18
  private static let figureWidth = 24
  private static let highest = 4

  private let comparison: Comparison

  init(_ comparison: Comparison) {
    self.comparison = comparison
  }

  /// The picture: at most `room`, no higher than it needs.
  func surface(_ room: Size, theme: Theme, glyphs: GlyphSet) -> Surface {
    let count = max(1, comparison.results.count)
    let height = min(Self.highest, max(1, (room.height - 1) / count))
    var surface = Surface(
      size: Size(width: room.width, height: min(room.height, 1 + count * height)),
      theme: theme,
      glyphs: glyphs
    )
    surface.write(StyledText(title, theme.title), x: 0, y: 0, width: surface.width)
    for index in comparison.results.indices {
      let rect = Rect(x: 0, y: 1 + index * height, width: surface.width, height: height)
      surface.within(rect) { draw(index, on: &$0) }
    }
    return surface
  }

  private var title: String {
    let limit = comparison.maxMemory.map { ", ended beyond \($0)" } ?? ""
    return "\(comparison.name), \(ByteSize.text(comparison.size)): clients' memory, full height "
      + ByteSize.text(UInt64(top)) + limit
  }

  /// The memory that fills the height, for all.
  private var top: Double {
    AxisScale.bytes(upTo: comparison.results.indices.reduce(1) { max($0, comparison.memory(of: $1).peak) }).top
  }

  /// The time that fills the width, for all, in seconds.
  private var span: Double {
    comparison.results.indices.reduce(1) { max($0, comparison.memory(of: $1).duration) }
  }

  private func draw(_ index: Int, on surface: inout Surface) {
    let isRunning = comparison.running?.index == index
    let theme = surface.theme
    surface.write(
      StyledText(comparison.results[index].client.name),
      x: 0,
      y: 0,
      width: min(Self.labelWidth - 1, surface.width),
      style: isRunning ? theme.title : theme.text
    )
    if surface.height > 1, surface.width >= Self.labelWidth { drawState(index, on: &surface) }
    let width = surface.width - Self.labelWidth - Self.figureWidth
    if width > 0 {
      let columns = Graph.capacity(columns: width, glyphs: surface.glyphs)
      let values = comparison.memory(of: index).columns(columns, span: span)
      let style = isRunning ? theme.accent : style(of: index, theme)
      let graph = Graph(values, maximum: top, style: style)
      surface.draw(graph, in: Rect(x: Self.labelWidth, y: 0, width: width, height: surface.height))
    }
    let x = max(0, surface.width - Self.figureWidth + 1)
    surface.write(StyledText(figure(index), isRunning ? theme.accent : style(of: index, theme)), x: x, y: 0)
  }

  /// Under the name: how far it is while it runs, how long it took afterwards.
  private func drawState(_ index: Int, on surface: inout Surface) {
    let theme = surface.theme
    if let running = comparison.running, running.index == index {
      let part = comparison.size > 0 ? Double(running.bytes) / Double(comparison.size) : 0
      surface.write(ByteSize.rateText(running.rate), x: 1, y: 1, style: theme.accent)
      if surface.height > 2 {
        let bar = Rect(x: 1, y: 2, width: Self.labelWidth - 3, height: 1)
        surface.draw(Gauge(received: part, stored: part), in: bar)
      }
      return
    }
    let result = comparison.results[index]
    if let seconds = result.seconds {
      surface.write("\(CompareText.seconds(seconds)) s", x: 1, y: 1, style: theme.dim)
    }
    if surface.height > 2, let rate = result.rate {
      surface.write(ByteSize.rateText(rate), x: 1, y: 2, style: theme.dim)
    }
  }

  /// Right of the graph: the peak, and the verdict.
  private func figure(_ index: Int) -> String {
    let result = comparison.results[index]
    if let running = comparison.running, running.index == index {
      let run = comparison.runs > 1 ? " run \(result.trials.count + 1)" : ""
      return ByteSize.text(running.memory.peak) + run
    }
    guard !result.trials.isEmpty else { return "waits" }
    guard let peak = result.clientPeak else { return result.verdict.words }
    return "\(ByteSize.text(peak)) \(result.verdict.words)"
  }

  private func style(of index: Int, _ theme: Theme) -> Style {
    guard !comparison.results[index].trials.isEmpty else { return theme.dim }
    switch comparison.results[index].verdict {
    case .intact: return theme.good
    case .missing: return theme.dim
    case .mismatch, .refused, .outOfMemory, .failed: return theme.bad
    }
  }
}
