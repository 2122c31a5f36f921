import TerminalUI

/// All keys, in as many columns as there is room for.
struct HelpOverlay: Widget {
  let sections: [KeySection]
  /// Lines that are scrolled out at the top.
  let offset: Int

  static let columnWidth = 54
  static let keyColumns = 16
  private static let gap = 3

  /// A line of the help: a title, or keys and what they do.
  private enum Line {
    case blank
    case title(String)
    case row(KeySection.Row)
  }

  func draw(on surface: inout Surface) {
    let columns = Self.columns(sections, width: surface.width)
    let height = columns.map(\.count).max() ?? 0
    let width = columns.count * (Self.columnWidth + Self.gap) - Self.gap
    let visible = max(1, surface.height - 2)
    let more = height > visible ? "\(surface.glyphs.up.text)\(surface.glyphs.down.text) for more" : ""
    let panel = Panel("Keys", trailing: "Esc closes", footer: StyledText(more), isFocused: true)
    let first = Self.clamped(offset, lines: height, visible: visible)
    Overlay(panel, width: width, height: height).draw(on: &surface) { surface in
      let columnWidth = (surface.width - (columns.count - 1) * Self.gap) / columns.count
      for (index, lines) in columns.enumerated() {
        let rect = Rect(x: index * (columnWidth + Self.gap), y: 0, width: columnWidth, height: surface.height)
        surface.within(rect) { Self.draw(lines.dropFirst(first), on: &$0) }
      }
    }
  }

  /// The offset nearest to the one asked for at which no space is left free below.
  static func clamped(_ offset: Int, lines: Int, visible: Int) -> Int {
    max(0, min(offset, lines - visible))
  }

  /// How many lines there are, and how many of them are seen, on a screen of this size.
  static func extent(_ sections: [KeySection], size: Size) -> (lines: Int, visible: Int) {
    (columns(sections, width: size.width).map(\.count).max() ?? 0, max(1, size.height - 2))
  }

  /// The groups in up to three columns of about the same length; a group stays whole.
  private static func columns(_ sections: [KeySection], width: Int) -> [[Line]] {
    let count = min(3, max(1, (width - 4 + gap) / (columnWidth + gap)))
    let groups = sections.map { [Line.title($0.title)] + $0.rows.map(Line.row) + [.blank] }
    let share = groups.reduce(0) { $0 + $1.count } / count
    var columns: [[Line]] = [[]]
    for lines in groups {
      let length = columns[columns.count - 1].count
      if columns.count < count, length + lines.count / 2 > share {
        columns.append(lines)
      } else {
        columns[columns.count - 1] += lines
      }
    }
    return columns
  }

  private static func draw(_ lines: some Sequence<Line>, on surface: inout Surface) {
    let theme = surface.theme
    let keyColumns = min(Self.keyColumns, surface.width / 2)
    for (y, line) in lines.enumerated() where y < surface.height {
      switch line {
      case .blank: break
      case .title(let title): surface.write(StyledText(title, theme.title), x: 0, y: y, width: surface.width)
      case .row(let row):
        let keys = StyledText(row.label(surface.glyphs), theme.key)
        surface.write(keys, x: 1, y: y, width: keyColumns - 2)
        surface.write(StyledText(row.help), x: keyColumns, y: y, width: surface.width - keyColumns)
      }
    }
  }
}
