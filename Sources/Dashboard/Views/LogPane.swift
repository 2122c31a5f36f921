import TerminalUI
import UploadCore

/// What has happened, newest first.
struct LogPane: Widget {
  let entries: [LogEntry]
  let scroll: Scroll
  let isFocused: Bool
  let filter: String

  func draw(on surface: inout Surface) {
    let count = filter.isEmpty ? "\(entries.count)" : "\(entries.count) with \"\(filter)\""
    let panel = Panel("Event log", trailing: StyledText(count), isFocused: isFocused)
    surface.draw(panel, in: surface.bounds)
    let content = Panel.content(of: surface.bounds)
    guard !entries.isEmpty else {
      let words = filter.isEmpty ? "Nothing has happened yet." : "Nothing contains \"\(filter)\"."
      return surface.draw(Placeholder(lines: [StyledText(words, surface.theme.dim)]), in: content)
    }
    let list = ItemList(count: entries.count, scroll: scroll, isFocused: isFocused) { index, _, surface in
      guard entries.indices.contains(index) else { return }
      LogLine(entry: entries[index]).draw(on: &surface)
    }
    surface.draw(list, in: content)
  }
}

/// `18:39:10  finished  ↓ holiday-video.mp4  1.9 GiB in 0:20, 96.2 MiB/s`
struct LogLine: Widget {
  let entry: LogEntry

  private static let wordColumns = 9

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    var x = 1
    // Where it is narrow the time goes first, then name and detail are cut.
    if surface.width >= 50 {
      x += surface.write(entry.time?.text ?? "--:--:--", x: x, y: 0, style: theme.dim) + 2
    }
    surface.write(entry.kind.word, x: x, y: 0, style: theme.style(of: entry.kind))
    x += Self.wordColumns + 1
    Self.write(entry, detail: entry.detail, x: x, width: surface.width - x - 1, on: &surface)
  }

  /// The line without its time, at the right of a place that has room for little.
  static func drawShort(_ entry: LogEntry, x: Int, width: Int, on surface: inout Surface) {
    let detail = shortDetail(entry)
    let word = entry.kind.word.columns + 1
    let unused = max(0, width - shortColumns(entry, surface: surface))
    surface.write(entry.kind.word, x: x + unused, y: 0, style: surface.theme.style(of: entry.kind))
    write(entry, detail: detail, x: x + unused + word, width: width - unused - word, on: &surface)
  }

  /// How many columns the line without its time takes.
  static func shortColumns(_ entry: LogEntry, surface: Surface) -> Int {
    entry.kind.word.columns + 1 + subject(of: entry, surface: surface).columns + shortDetail(entry).columns
  }

  private static func shortDetail(_ entry: LogEntry) -> String {
    entry.direction == nil || entry.kind == .failed ? entry.detail : ""
  }

  /// The upload it is about, with which way it goes, and what there is to say. Of a long name the middle gives way, down to
  /// half of the space: the detail says what to do.
  private static func write(_ entry: LogEntry, detail: String, x: Int, width: Int, on surface: inout Surface) {
    let subject = subject(of: entry, surface: surface)
    let columns = min(subject.columns, max(width / 2, width - detail.columns))
    surface.write(subject, x: x, y: 0, width: columns, truncation: .middle)
    let text = StyledText(detail, surface.theme.dim)
    surface.write(text, x: x + columns, y: 0, width: width - columns)
  }

  /// Empty for a note.
  private static func subject(of entry: LogEntry, surface: Surface) -> StyledText {
    guard let direction = entry.direction else { return "" }
    var text = StyledText("\(direction.arrow(surface.glyphs.isUnicode)) ", surface.theme.dim)
    text.append("\(entry.name)  ", surface.theme.text)
    return text
  }
}

extension Theme {
  /// What the word of a line in the event log is written in.
  fileprivate func style(of kind: LogEntry.Kind) -> Style {
    switch kind {
    case .started, .resumed: accent
    case .stalled, .waiting, .rejected, .note(.warning): warning
    case .finished: good
    case .failed, .note(.error): bad
    case .cancelled, .note(.info): dim
    }
  }
}
