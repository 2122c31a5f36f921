import TerminalUI

/// The text of a dialog, broken into rows; it scrolls where it has more rows than there is space for.
struct DialogText {
  /// A part of the text that begins a new row.
  typealias Paragraph = (text: String, style: Style)

  let rows: [StyledText]
  /// How many rows are visible at a time; 0 or more.
  let visible: Int

  /// - Parameters:
  ///   - width: columns; a text that scrolls leaves the last two free, for the mark that says so.
  ///   - height: rows.
  init(_ paragraphs: [Paragraph], width: Int, height: Int) {
    let whole = Self.rows(paragraphs, width: width)
    visible = max(0, height)
    rows = whole.count > visible && width > 2 ? Self.rows(paragraphs, width: width - 2) : whole
  }

  /// A text of rows that are not broken again.
  init(rows: [StyledText], visible: Int) { (self.rows, self.visible) = (rows, max(0, visible)) }

  /// Columns that the text needs, with those of the arrows.
  var columns: Int { (rows.map(\.columns).max() ?? 0) + (fits ? 0 : 2) }

  /// Whether all of it is visible at once.
  var fits: Bool { rows.count <= visible }

  /// The nearest number of rows that may be scrolled out at the top.
  func clamped(_ offset: Int) -> Int { max(0, min(offset, rows.count - max(1, visible))) }

  /// Draws the rows from `offset` on into the whole region. Arrows in the last column say in which directions there is
  /// more.
  func draw(from offset: Int, alignment: Alignment = .leading, on surface: inout Surface) {
    let first = clamped(offset)
    for (y, row) in rows.dropFirst(first).prefix(surface.height).enumerated() {
      surface.write(row, x: 0, y: y, width: surface.width, alignment: alignment)
    }
    guard !fits, surface.width > 2, surface.height > 0 else { return }
    let x = surface.width - 1
    let (isAtTop, isAtEnd) = (first == 0, first + visible >= rows.count)
    if surface.height == 1 {
      surface.put(isAtEnd ? surface.glyphs.up : surface.glyphs.down, x: x, y: 0, style: surface.theme.key)
    } else {
      if !isAtTop { surface.put(surface.glyphs.up, x: x, y: 0, style: surface.theme.key) }
      if !isAtEnd { surface.put(surface.glyphs.down, x: x, y: surface.height - 1, style: surface.theme.key) }
    }
  }

  private static func rows(_ paragraphs: [Paragraph], width: Int) -> [StyledText] {
    paragraphs.flatMap { paragraph in
      paragraph.text.printable.wrapped(to: width).map { StyledText($0, paragraph.style) }
    }
  }
}
