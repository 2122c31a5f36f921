import TerminalUI
import UploadCore

/// The event log, newest entry first.
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
      let text = filter.isEmpty ? "Nothing has happened yet." : "Nothing contains \"\(filter)\"."
      return surface.draw(Placeholder(lines: [StyledText(text, surface.theme.dim)]), in: content)
    }
    let list = ItemList(count: entries.count, scroll: scroll, isFocused: isFocused) { index, _, surface in
      if entries.indices.contains(index) { LogRow(entry: entries[index]).draw(on: &surface) }
    }
    surface.draw(list, in: content)
  }
}

/// A row of the event log: `18:39:10  stored    ↓ holiday-video.mp4  1.9 GiB in 20.1 s (96.2 MiB/s)`.
struct LogRow: Widget {
  let entry: LogEntry

  /// Columns of the widest kind.
  private static let kindColumns = 9

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    var x = 1
    // On a narrow screen there is no time, and then name and detail are truncated.
    if surface.width >= 50 {
      x += surface.write(entry.time?.text ?? "--:--:--", x: x, y: 0, style: theme.dim) + 2
    }
    surface.write(entry.kind.rawValue, x: x, y: 0, style: theme.style(of: entry.kind))
    x += Self.kindColumns + 1
    Self.write(entry, detail: entry.detail, x: x, width: surface.width - x - 1, on: &surface)
  }

  /// Draws the row without its time and most details, aligned right.
  static func drawShort(_ entry: LogEntry, x: Int, width: Int, on surface: inout Surface) {
    let start = x + max(0, width - shortColumns(entry, surface: surface))
    let kind = entry.kind.rawValue
    surface.write(kind, x: start, y: 0, style: surface.theme.style(of: entry.kind))
    let next = start + kind.columns + 1
    write(entry, detail: shortDetail(entry), x: next, width: x + width - next, on: &surface)
  }

  /// The columns of the whole text that ``drawShort(_:x:width:on:)`` draws.
  static func shortColumns(_ entry: LogEntry, surface: Surface) -> Int {
    entry.kind.rawValue.columns + 1 + subject(of: entry, surface: surface).columns + shortDetail(entry).columns
  }

  private static func shortDetail(_ entry: LogEntry) -> String {
    entry.direction == nil || entry.kind == .failed ? entry.detail : ""
  }

  /// Draws the subject and the detail. A long name is truncated in the middle, to no less than half of the width: the
  /// detail says what to do.
  private static func write(_ entry: LogEntry, detail: String, x: Int, width: Int, on surface: inout Surface) {
    let subject = subject(of: entry, surface: surface)
    let columns = min(subject.columns, max(width / 2, width - detail.columns))
    surface.write(subject, x: x, y: 0, width: columns, truncation: .middle)
    let text = StyledText(detail, surface.theme.dim)
    surface.write(text, x: x + columns, y: 0, width: width - columns)
  }

  /// The direction and the name of the upload or request; empty for a note.
  private static func subject(of entry: LogEntry, surface: Surface) -> StyledText {
    guard let direction = entry.direction else { return "" }
    let arrow = Span("\(direction.arrow(surface.glyphs.isUnicode)) ", surface.theme.dim)
    return StyledText([arrow, Span("\(entry.name)  ", surface.theme.text)])
  }
}

extension Theme {
  fileprivate func style(of kind: LogEntry.Kind) -> Style {
    switch kind {
    case .started, .resumed: accent
    case .stalled, .waiting, .rejected, .warning: warning
    case .stored, .sent: good
    case .failed, .error: bad
    case .cancelled, .note: dim
    }
  }
}
