import Basics

/// Measures text in terminal columns, and truncates or pads it to a number of columns. ``ScalarKind`` has the widths of
/// characters. Make text from peers safe first (``PlainText/sanitized(_:)``).
package enum TextWidth {
  /// How many terminal columns `text` takes. Each part of a joined emoji counts by itself, since
  /// ``truncated(_:to:ellipsis:)`` removes the scalars that join them. A control character counts as 1 column, that of
  /// the U+FFFD that should replace it.
  package static func columns(_ text: String) -> Int {
    separated(text).unicodeScalars.reduce(0) { $0 + ScalarKind($1).columns }
  }

  /// `text` without the scalars that join several emoji into one, change their colour, or change a character to an
  /// emoji: terminals disagree on the width of the result.
  private static func separated(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars where !isPartOfEmoji(scalar, behind: previous) {
      kept.append(scalar)
      previous = scalar
    }
    return String(kept)
  }

  private static func isPartOfEmoji(_ scalar: Unicode.Scalar, behind previous: Unicode.Scalar?) -> Bool {
    switch scalar.value {
    case 0xFE0E...0xFE0F: true
    case 0x200D: previous.map { !$0.isASCII && $0.properties.isEmoji } ?? false
    case 0x1F3FB...0x1F3FF: previous?.properties.isEmojiModifierBase ?? false
    case 0xE0020...0xE007F: previous == "\u{1F3F4}"
    default: false
    }
  }

  /// `text` truncated to at most `width` terminal columns, empty if `width` is not positive. `ellipsis` ends a
  /// truncated text if it is narrower than `width`. Scalars that join emoji are removed, since terminals disagree on
  /// their width.
  static func truncated(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    guard width > 0 else { return "" }
    let text = separated(text)
    guard columns(text) > width else { return text }
    let mark = columns(ellipsis) < width ? ellipsis : ""
    var room = width - columns(mark)
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      room -= ScalarKind(scalar).columns
      guard room >= 0 else { break }
      kept.append(scalar)
    }
    return String(kept) + mark
  }

  /// `text` aligned left in exactly `width` terminal columns: truncated with `ellipsis`, or padded with spaces at its
  /// end.
  static func left(_ text: String, _ width: Int, ellipsis: String = "…") -> String {
    let fitting = truncated(text, to: width, ellipsis: ellipsis)
    return fitting + spaces(width - columns(fitting))
  }

  /// `text` aligned right in exactly `width` terminal columns: truncated at its end without an ellipsis, or padded with
  /// spaces before it.
  static func right(_ text: String, _ width: Int) -> String {
    let fitting = truncated(text, to: width, ellipsis: "")
    return spaces(width - columns(fitting)) + fitting
  }

  static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}

/// A table for people: rows of text under a row of headings, in columns as wide as their contents.
package struct TextTable {
  /// One text line for the headings and one per row, without trailing spaces; columns are two spaces apart. No line end
  /// after the last.
  package let text: String

  /// Formats a table.
  /// - Parameters:
  ///   - rows: each with a cell for every heading, safe to show; a row with fewer cells traps.
  ///   - textColumns: the indices of columns with text, aligned left; columns with numbers are aligned right.
  package init(headings: [String], rows: [[String]], textColumns: Set<Int>) {
    let rows = [headings] + rows
    let widths = headings.indices.map { column in rows.map { TextWidth.columns($0[column]) }.max() ?? 0 }
    let lines = rows.map { row -> String in
      let cells = zip(row, widths).enumerated().map { column, cell in
        textColumns.contains(column) ? TextWidth.left(cell.0, cell.1) : TextWidth.right(cell.0, cell.1)
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
    text = lines.joined(separator: "\n")
  }
}
