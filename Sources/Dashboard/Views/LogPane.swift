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
  /// Whether margins, the time and most details are left out, as in the footer; notes and failures keep their detail.
  var isShort = false

  /// Columns of the widest kind.
  private static let kindColumns = 9

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    let kind = entry.kind.rawValue
    var x = isShort ? 0 : 1
    let end = surface.width - x
    // On a narrow screen there is no time, and then name and detail are truncated.
    if !isShort, surface.width >= 50 {
      x += surface.write(entry.time?.text ?? "--:--:--", x: x, y: 0, style: theme.dim) + 2
    }
    surface.write(kind, x: x, y: 0, style: theme.style(of: entry.kind))
    x += (isShort ? kind.columns : Self.kindColumns) + 1
    // A long name is truncated in the middle, to no less than half of the width: the detail says what to do.
    let subject = subject(surface)
    let width = end - x
    let columns = min(subject.columns, max(width / 2, width - detail.columns))
    surface.write(subject, x: x, y: 0, width: columns, truncation: .middle)
    surface.write(StyledText(detail, theme.dim), x: x + columns, y: 0, width: width - columns)
  }

  /// How many columns the whole text of the row needs; only for a short one.
  func columns(_ surface: Surface) -> Int {
    entry.kind.rawValue.columns + 1 + subject(surface).columns + detail.columns
  }

  /// A short row has the detail of notes and failures only.
  private var detail: String {
    !isShort || entry.isNote || entry.kind == .failed ? entry.detail : ""
  }

  /// The direction and the name of the upload or request, or the name of the download; empty for a note.
  private func subject(_ surface: Surface) -> StyledText {
    guard !entry.isNote else { return "" }
    let mark = entry.direction.map { "\($0.arrow(surface.glyphs.isUnicode)) " } ?? ""
    let arrow = Span(mark, surface.theme.dim)
    return StyledText([arrow, Span("\(entry.name)  ", surface.theme.text)])
  }
}

extension Theme {
  fileprivate func style(of kind: LogEntry.Kind) -> Style {
    switch kind {
    case .started, .resumed: accent
    case .stalled, .waiting, .rejected, .aborted, .warning: warning
    case .stored, .sent: good
    case .download: text
    case .failed, .error: bad
    case .cancelled, .note: dim
    }
  }
}
