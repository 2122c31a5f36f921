import DashboardApp
import TerminalUI
import UploadCore

/// On a terminal: memory over time of every client, redrawn in place; after the last run the table below it.
struct LiveComparisonRenderer: ComparisonRenderer {
  /// Time between two frames: ten per second.
  private static let period = Duration.milliseconds(100)

  private let theme: Theme
  private let glyphs: GlyphSet
  /// Rows of the last frame, which the next one overwrites; 0 after other output.
  private var drawnRows = 0
  private var nextDrawing = ContinuousClock.now

  /// - Parameters:
  ///   - terminal: the terminal's name (`TERM`), which decides on colours; the terminal's description is not read.
  ///   - environment: of this process; `COLORTERM` and `NO_COLOR` decide on colours too, the locale on characters.
  init(terminal: String, _ environment: [String: String]) {
    let has256Colors = environment["COLORTERM"]?.isEmpty == false || terminal.contains("256color")
    let isMono = environment["NO_COLOR"]?.isEmpty == false || !has256Colors && terminal.hasPrefix("vt")
    let colors: ColorTier = has256Colors ? .colors256 : .colors8
    theme = Theme(.dark, tier: isMono ? .mono : colors, paintsBackground: false)
    glyphs = Output.isUnicode(environment) ? .unicode : .ascii
  }

  mutating func note(_ text: String) {
    clear()
    Output.raw(text + "\n")
    drawnRows = 1
  }

  mutating func show(_ comparison: Comparison) {
    if ContinuousClock.now >= nextDrawing { draw(comparison) }
  }

  mutating func end(_ comparison: Comparison, _ client: CompareClient, _ trial: TrialResult, number: Int) {
    draw(comparison)
    // The next run is shown at once.
    nextDrawing = .now
  }

  /// Leaves the last frame on the terminal, and prints the table below it.
  mutating func finish(_ comparison: Comparison) {
    draw(comparison)
    drawnRows = 0
    Output.line("\n" + ComparisonTable.text(comparison, width: Output.columns ?? 80))
  }

  mutating func clear() {
    Output.raw(drawnRows > 0 ? "\u{1B}[\(drawnRows)A\r\u{1B}[J" : "")
    drawnRows = 0
  }

  private mutating func draw(_ comparison: Comparison) {
    nextDrawing = .now + Self.period
    // One column and one row less: where the last cell is written, some terminals scroll.
    let room = Size(width: (Output.columns ?? 80) - 1, height: (Output.rows ?? 24) - 1)
    let surface = CompareScreen(comparison: comparison).surface(room, theme: theme, glyphs: glyphs)
    let rows = surface.ansiText.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    let start = drawnRows > 0 ? "\u{1B}[\(drawnRows)A\r" : ""
    // Each row over the old one, so that nothing flickers; the rest of a larger frame is cleared.
    Output.raw(start + rows.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    drawnRows = rows.count
  }
}

/// A comparison as a frame of cells: one to four rows for each client, with its memory over time in the middle. All have the
/// same scale in both directions.
struct CompareScreen {
  private static let labelWidth = 26
  private static let figureWidth = 24
  /// Columns of the longest rate: `1023.9 MiB/s`.
  private static let rateWidth = 12
  private static let maximumHeight = 4

  let comparison: Comparison

  /// The frame: as wide as `room`, and no higher than necessary nor than `room`; what does not fit is left out.
  func surface(_ room: Size, theme: Theme, glyphs: GlyphSet) -> Surface {
    let count = max(1, comparison.results.count)
    let height = min(Self.maximumHeight, max(1, (room.height - 1) / count))
    let size = Size(width: room.width, height: min(room.height, 1 + count * height))
    var surface = Surface(size: size, theme: theme, glyphs: glyphs)
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
      + ByteSize.text(UInt64(exactly: top) ?? .max) + limit
  }

  /// The memory at the full height of every graph, in bytes.
  private var top: Double {
    AxisScale.bytes(upTo: comparison.results.indices.reduce(1) { max($0, comparison.memory(of: $1).peak) }).top
  }

  /// The time at the full width of every graph, in seconds.
  private var span: Double {
    comparison.results.indices.reduce(1) { max($0, comparison.memory(of: $1).duration) }
  }

  private func draw(_ index: Int, on surface: inout Surface) {
    let isRunning = comparison.running?.index == index
    let theme = surface.theme
    let style = isRunning ? theme.accent : style(of: comparison.results[index], theme)
    let name = StyledText(comparison.results[index].client.name)
    let nameWidth = min(Self.labelWidth - 1, surface.width)
    surface.write(name, x: 0, y: 0, width: nameWidth, style: isRunning ? theme.title : theme.text)
    if surface.width >= Self.labelWidth { drawState(index, on: &surface) }
    let width = surface.width - Self.labelWidth - Self.figureWidth
    if width > 0 {
      let columns = Graph.capacity(columns: width, glyphs: surface.glyphs)
      let graph = Graph(comparison.memory(of: index).columns(columns, span: span), maximum: top, style: style)
      surface.draw(graph, in: Rect(x: Self.labelWidth, y: 0, width: width, height: surface.height))
    }
    surface.write(StyledText(figure(index), style), x: max(0, surface.width - Self.figureWidth + 1), y: 0)
  }

  /// Below the name: in a run the rate and the progress, after it the time and the rate. The surface clips a row that it
  /// does not have.
  private func drawState(_ index: Int, on surface: inout Surface) {
    let theme = surface.theme
    if let running = comparison.running, running.index == index {
      let part = comparison.size > 0 ? Double(running.bytes) / Double(comparison.size) : 0
      surface.write(ByteSize.rateText(running.rate), x: 1, y: 1, style: theme.accent)
      let gauge = Rect(x: Self.rateWidth + 2, y: 1, width: Self.labelWidth - Self.rateWidth - 4, height: 1)
      surface.draw(Gauge(received: part, stored: part), in: gauge)
      return
    }
    let result = comparison.results[index]
    surface.write(result.rate.map(ByteSize.rateText) ?? "", x: 1, y: 1, style: theme.dim)
    let time = result.seconds.map { "\(CompareText.seconds($0)) s" } ?? ""
    surface.write(time, x: Self.rateWidth + 2, y: 1, style: theme.dim)
  }

  /// Right of the graph: the peak, and the status.
  private func figure(_ index: Int) -> String {
    let result = comparison.results[index]
    if let running = comparison.running, running.index == index {
      let run = comparison.runs > 1 ? " run \(result.trials.count + 1)" : ""
      return ByteSize.text(running.memory.peak) + run
    }
    guard !result.trials.isEmpty else { return "waiting" }
    return (result.clientPeak.map { ByteSize.text($0) + " " } ?? "") + result.status.text
  }

  private func style(of result: CompareResult, _ theme: Theme) -> Style {
    guard !result.trials.isEmpty else { return theme.dim }
    switch result.status {
    case .intact: return theme.good
    case .missing: return theme.dim
    case .mismatch, .rejected, .outOfMemory, .failed: return theme.bad
    }
  }
}
