import TerminalUI
import UploadCore

/// `18:39:10  finished  ↓ holiday-video.mp4  1.9 GiB in 0:20, 96.2 MiB/s`
struct LogLine: Widget {
  let entry: LogEntry

  private static let wordColumns = 9

  func draw(on surface: inout Surface) {
    let theme = surface.theme
    var x = 1
    // Where it is narrow the time goes first, then the detail is cut.
    if surface.width >= 50 {
      x += surface.write(entry.time?.text ?? "--:--:--", x: x, y: 0, style: theme.dim) + 2
    }
    surface.write(entry.kind.word, x: x, y: 0, style: theme.style(of: entry.kind))
    x += Self.wordColumns + 1
    let text = Self.subject(of: entry, surface: surface) + StyledText(entry.detail, theme.dim)
    surface.write(text, x: x, y: 0, width: surface.width - x - 1)
  }

  /// The upload it is about, with which way it goes; empty for a note.
  private static func subject(of entry: LogEntry, surface: Surface) -> StyledText {
    guard let direction = entry.direction else { return "" }
    var text = StyledText("\(direction.arrow(surface.glyphs.isUnicode)) ", surface.theme.dim)
    text.append("\(entry.name)  ", surface.theme.text)
    return text
  }

  /// The line without its time, for a place that has room for little.
  static func short(_ entry: LogEntry, on surface: Surface) -> StyledText {
    let theme = surface.theme
    let detail = entry.direction == nil || entry.kind == .failed ? entry.detail : ""
    return StyledText("\(entry.kind.word) ", theme.style(of: entry.kind)) + subject(of: entry, surface: surface)
      + StyledText(detail, theme.dim)
  }
}
