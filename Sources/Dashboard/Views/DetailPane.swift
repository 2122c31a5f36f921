import TerminalUI
import UploadCore

/// All about one upload: facts in words, and how its rate and its memory went.
struct DetailPane: Widget {
  /// Nil when there is no upload to show.
  let record: UploadRecord?
  /// What there is to know without one.
  let notes: [String]
  let isFocused: Bool

  /// Columns the facts take beside the graphs: what the widest rates of one that runs need.
  private static let factColumns = 56

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    var title = StyledText(surface.glyphs.superscript(3), theme.key)
    title.append("Detail")
    if let record {
      title.append(": \(record.now.name)")
      // A way to tell two of the same name apart.
      title.append("  \(record.now.direction.rawValue)", theme.dim)
    }
    surface.draw(Panel(title, isFocused: isFocused), in: surface.bounds)
    let content = surface.bounds.inset(horizontally: 2, vertically: 1)
    guard let record else {
      let lines = ["Select an upload to see all about it."] + notes.flatMap { Self.lines($0, width: content.width - 2) }
      return surface.draw(Placeholder(lines: lines.map { StyledText($0, theme.dim) }), in: content)
    }
    let facts = UploadFacts(upload: record.now, peakSpeed: record.peakSpeed)
    if content.height >= 16 {
      drawTall(record, facts, content, on: &surface)
    } else if content.width >= Self.factColumns + 40 {
      drawWide(record, facts, content, on: &surface)
    } else {
      surface.draw(facts, in: content)
    }
  }

  /// A note with its last word, a token or a digest, on a line of its own where it would be cut.
  private static func lines(_ note: String, width: Int) -> [String] {
    guard note.columns > width, let end = note.lastIndex(of: " ") else { return [note] }
    return [String(note[..<end]), String(note[note.index(after: end)...])]
  }

  /// Facts at the left, graphs beside each other at their right.
  private func drawWide(_ record: UploadRecord, _ facts: UploadFacts, _ area: Rect, on surface: inout Surface) {
    let columns = area.columns([.fixed(Self.factColumns), .fixed(2), .rest(), .fixed(2), .rest()])
    surface.draw(facts, in: columns[0])
    surface.draw(HistoryGraph(.rate, of: record), in: columns[2])
    surface.draw(HistoryGraph(.memory, of: record), in: columns[4])
  }

  /// Facts above, graphs below: beside each other where there is the width for it.
  private func drawTall(_ record: UploadRecord, _ facts: UploadFacts, _ area: Rect, on surface: inout Surface) {
    let isWide = area.width >= 80
    // Why it failed is read to the end; the graphs get what is left.
    let most = record.now.failure == nil ? area.height / 2 : area.height
    let rows = area.rows([.fixed(min(facts.height(width: area.width), most)), .fixed(1), .rest()])
    surface.draw(facts, in: rows[0])
    let graphs =
      isWide ? rows[2].columns([.rest(), .fixed(2), .rest()]) : rows[2].rows([.rest(), .fixed(0), .rest()])
    surface.draw(HistoryGraph(.rate, of: record), in: graphs[0])
    surface.draw(HistoryGraph(.memory, of: record), in: graphs[2])
  }
}

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
