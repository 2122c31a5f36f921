import TerminalUI
import UploadCore

/// A graph of an upload's rate or memory, since its start or as far back as it is wide. The row above it has the peak since
/// the start. The axis at its left has the maximum and zero, the one below it the time.
struct HistoryGraph: Widget {
  let record: UploadRecord
  /// Whether it shows the rate; otherwise the memory.
  let isRate: Bool

  /// Columns of the widest label of the vertical axis, `800 MiB/s`, and of the axis.
  private static let axisColumns = 10
  /// The fewest columns of a graph with a vertical axis.
  private static let fewestColumns = 24

  /// The highest value since the start, in bytes per second or in bytes, as the facts and the row show it: the rates of
  /// the series are averages and may be lower.
  private var peak: Double { isRate ? record.peakRate : Double(record.now.peakResidentBytes) }

  private var peakText: String {
    isRate ? ByteSize.rateText(peak) : Figures.memory(record.now.peakResidentBytes)
  }

  func draw(on surface: inout Surface) {
    guard surface.height > 1 else { return }
    let (theme, width) = (surface.theme, surface.width)
    let (name, series) = isRate ? ("rate", record.rates) : ("memory", record.memory)
    let caption = StyledText([Span(name, theme.title), Span("  peak \(peakText)", theme.dim)])
    surface.write(caption, x: 0, y: 0, width: width)
    // Caption, at least two rows of the graph, and the axis of the time.
    guard surface.height >= 4 else {
      let values = series.values.suffix(Graph.capacity(columns: width, glyphs: surface.glyphs)).map(Double.init)
      let rect = Rect(x: 0, y: 1, width: width, height: surface.height - 1)
      return surface.draw(Graph(values, maximum: top(values), style: style(theme)), in: rect)
    }
    let left = width >= Self.fewestColumns ? Self.axisColumns : 0
    let rect = Rect(x: left, y: 1, width: width - left, height: surface.height - 2)
    let capacity = Graph.capacity(columns: rect.width, glyphs: surface.glyphs)
    let values = series.values.suffix(capacity).map(Double.init)
    surface.draw(Graph(values, maximum: top(values), style: style(theme)), in: rect)
    drawAxes(on: &surface, rect, top: top(values), seconds: Double(capacity) * series.secondsPerValue)
  }

  private func style(_ theme: Theme) -> Style { isRate ? theme.accent : theme.text }

  /// The value at the upper edge: a round one, not below the peak, which may be before or between the values shown.
  private func top(_ values: [Double]) -> Double { GraphScale.top(of: values.reduce(min(peak, 1e18), max), .fine) }

  /// Draws the maximum and zero at the left of the graph, and the time that it covers below it.
  private func drawAxes(on surface: inout Surface, _ graph: Rect, top: Double, seconds: Double) {
    let (theme, border) = (surface.theme, surface.glyphs.border)
    if graph.x > 0 {
      let unit = isRate && top > 0 ? "/s" : ""
      surface.fill(
        Rect(x: graph.x - 1, y: graph.y, width: 1, height: graph.height),
        with: border.vertical,
        style: theme.border
      )
      for (y, label) in [(graph.y, Figures.axis(top) + unit), (graph.maxY - 1, "0")] where y == graph.y || top > 0 {
        surface.write(StyledText(label, theme.dim), x: 0, y: y, width: graph.x - 1, alignment: .trailing)
      }
    }
    let time = Rect(x: graph.x, y: graph.maxY, width: graph.width, height: 1)
    surface.fill(time, with: border.horizontal, style: theme.border)
    let (start, end) = ("\(Figures.clock(seconds)) ago ", " now")
    guard start.utf8.count + end.utf8.count < graph.width else { return }
    surface.write(start, x: graph.x, y: graph.maxY, style: theme.dim)
    surface.write(end, x: graph.maxX - end.utf8.count, y: graph.maxY, style: theme.dim)
  }
}
