import TerminalUI
import UploadCore

/// All about one upload: facts as text, and graphs of its rate and memory.
struct DetailPane: Widget {
  /// The selected upload; nil when none is.
  let record: UploadRecord?
  /// Texts that are shown when no upload is selected, such as the generated token.
  let notes: [String]
  let isFocused: Bool

  /// Columns of the facts beside the graphs: those of the widest rates of an active upload.
  private static let factColumns = 56

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    var title = StyledText([Span("3", theme.key), Span(" Detail")])
    if let record {
      title.append(": \(record.now.name)")
      // Tells an upload from one of the same name in the other direction.
      title.append("  \(record.now.direction.rawValue)", theme.dim)
    }
    surface.draw(Panel(title, isFocused: isFocused), in: surface.bounds)
    let content = surface.bounds.inset(horizontally: 2, vertically: 1)
    guard let record else {
      let lines = ["Select an upload to see its details."] + notes.flatMap { Self.lines($0, width: content.width - 2) }
      return surface.draw(Placeholder(lines: lines.map { StyledText($0, theme.dim) }), in: content)
    }
    let facts =
      record.tree.map { TreeFacts(record: record, tree: $0).list }
      ?? UploadFacts(upload: record.now, peakRate: record.peakRate).list
    if content.height >= 16 {
      drawTall(record, facts, content, on: &surface)
    } else if content.width >= Self.factColumns + 40 {
      let columns = content.columns([.fixed(Self.factColumns), .fixed(2), .rest(), .fixed(2), .rest()])
      surface.draw(facts, in: columns[0])
      surface.draw(HistoryGraph(record: record, isRate: true), in: columns[2])
      surface.draw(HistoryGraph(record: record, isRate: false), in: columns[4])
    } else {
      surface.draw(facts, in: content)
    }
  }

  /// A note as one row; when it is wider than that, with its last part, a token or a digest, in a second row.
  private static func lines(_ note: String, width: Int) -> [String] {
    guard note.columns > width, let end = note.lastIndex(of: " ") else { return [note] }
    return [String(note[..<end]), String(note[note.index(after: end)...])]
  }

  /// Draws the facts above the graphs, which are beside each other where there is space.
  private func drawTall(_ record: UploadRecord, _ facts: FactList, _ area: Rect, on surface: inout Surface) {
    // The reason of a failure is shown completely; the graphs get the remaining rows.
    let hasReason = record.now.failure != nil || record.tree?.failures.isEmpty == false
    let limit = hasReason ? area.height : area.height / 2
    let rows = area.rows([.fixed(min(facts.height(width: area.width), limit)), .fixed(1), .rest()])
    surface.draw(facts, in: rows[0])
    let isWide = area.width >= 80
    let graphs =
      isWide ? rows[2].columns([.rest(), .fixed(2), .rest()]) : rows[2].rows([.rest(), .fixed(0), .rest()])
    surface.draw(HistoryGraph(record: record, isRate: true), in: graphs[0])
    surface.draw(HistoryGraph(record: record, isRate: false), in: graphs[2])
  }
}
