import TerminalUI
import UploadCore

/// How a number of an upload went over time, under a line that says what is shown.
struct HistoryGraph: Widget {
  enum Subject {
    case rate
    case memory
  }

  private let subject: Subject
  private let series: Series
  /// The highest value of the upload's life, as the detail's facts show it; values of ``series`` are means.
  private let peak: Double

  init(_ subject: Subject, of record: UploadRecord) {
    self.subject = subject
    series = subject == .rate ? record.rates : record.memory
    peak = subject == .rate ? record.peakSpeed : Double(record.now.peakResidentBytes)
  }

  func draw(on surface: inout Surface) {
    guard surface.height > 1 else { return }
    let theme = surface.theme
    let capacity = Graph.capacity(columns: surface.width, glyphs: surface.glyphs)
    let shown = series.values.suffix(capacity).map(Double.init)
    let seconds = Double(shown.count) * series.secondsPerValue
    let name = subject == .rate ? "rate" : "memory"
    surface.write(StyledText(name, theme.title), x: 0, y: 0, width: surface.width)
    let room = surface.width - name.utf8.count - 1
    if let caption = caption(seconds, room: room) {
      let text = StyledText(caption, theme.dim)
      surface.write(text, x: name.utf8.count + 1, y: 0, width: room, alignment: .trailing)
    }
    let floor = Rect(x: 0, y: surface.height - 1, width: surface.width, height: 1)
    surface.fill(floor, with: surface.glyphs.border.horizontal, style: theme.border)
    let style = subject == .rate ? theme.accent : theme.good
    let rect = Rect(x: 0, y: 1, width: surface.width, height: surface.height - 2)
    // With some air above: what does not change is a level, not a wall.
    surface.draw(Graph(shown, maximum: peak * 1.3, style: style), in: rect)
  }

  /// The peak and how far the values reach back, in as many words as there is room for. The peak has the columns of the
  /// widest one, so that nothing moves while it changes.
  private func caption(_ seconds: Double, room: Int) -> String? {
    let (scale, columns) =
      switch subject {
      case .rate: (ByteSize.rateText(peak), Figures.rateColumns)
      case .memory: (Figures.memory(UInt64(min(max(0, peak), 1e18))), Figures.memoryColumns)
      }
    let time = Figures.clock(seconds)
    let padded = String(repeating: " ", count: max(0, columns - scale.utf8.count)) + scale
    return ["peak \(padded), \(time)", "\(padded), \(time)", padded].first { $0.utf8.count <= room }
  }
}
