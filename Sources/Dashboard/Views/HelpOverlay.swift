import TerminalUI

/// All keys, in as many columns as there is space for.
struct HelpOverlay: Widget {
  let sections: [KeySection]
  /// How many rows are scrolled out above the first visible one; reduced to the largest useful number.
  let offset: Int

  static let columnWidth = 54
  static let keyColumns = 16
  private static let gap = 3

  func draw(on surface: inout Surface) {
    let columns = Self.columns(sections, width: surface.width)
    let (rows, visible) = Self.extent(sections, size: Size(width: surface.width, height: surface.height))
    let width = columns.count * (Self.columnWidth + Self.gap) - Self.gap
    let more = rows > visible ? "\(surface.glyphs.up.text)\(surface.glyphs.down.text) for more" : ""
    let panel = Panel("Keys", trailing: "Esc closes", footer: StyledText(more), isFocused: true)
    let first = Self.clamped(offset, rows: rows, visible: visible)
    Overlay(panel, width: width, height: rows).draw(on: &surface) { surface in
      let columnWidth = (surface.width - (columns.count - 1) * Self.gap) / columns.count
      for (index, column) in columns.enumerated() {
        let rect = Rect(x: index * (columnWidth + Self.gap), y: 0, width: columnWidth, height: surface.height)
        surface.within(rect) { Self.draw(column.dropFirst(first), on: &$0) }
      }
    }
  }

  /// The nearest offset to `offset` at which rows fill the screen: 0 to `rows - visible`, or 0 when all rows are
  /// visible.
  static func clamped(_ offset: Int, rows: Int, visible: Int) -> Int { max(0, min(offset, rows - visible)) }

  /// How many rows the longest column of the help has on a screen of `size`, and how many are visible at a time (1 or
  /// more).
  static func extent(_ sections: [KeySection], size: Size) -> (rows: Int, visible: Int) {
    (columns(sections, width: size.width).map(\.count).max() ?? 0, max(1, size.height - 2))
  }

  /// One to three columns of about the same length; a section is never divided.
  private static func columns(_ sections: [KeySection], width: Int) -> [[KeySection.Row]] {
    let count = min(3, max(1, (width - 4 + gap) / (columnWidth + gap)))
    // A row without keys is a title, or blank between two sections.
    let groups = sections.map { section in
      [KeySection.Row(keys: [], help: section.title)] + section.rows + [KeySection.Row(keys: [], help: "")]
    }
    let share = groups.reduce(0) { $0 + $1.count } / count
    var columns: [[KeySection.Row]] = [[]]
    for rows in groups {
      let last = columns.count - 1
      if columns.count < count, columns[last].count + rows.count / 2 > share {
        columns.append(rows)
      } else {
        columns[last] += rows
      }
    }
    return columns
  }

  private static func draw(_ rows: some Sequence<KeySection.Row>, on surface: inout Surface) {
    let keyColumns = min(Self.keyColumns, surface.width / 2)
    for (y, row) in rows.prefix(surface.height).enumerated() {
      let x = row.keys.isEmpty ? 0 : keyColumns
      let style = row.keys.isEmpty ? surface.theme.title : .plain
      let keys = StyledText(row.label(surface.glyphs), surface.theme.key)
      surface.write(keys, x: 1, y: y, width: keyColumns - 2)
      surface.write(StyledText(row.help, style), x: x, y: y, width: surface.width - x)
    }
  }
}
