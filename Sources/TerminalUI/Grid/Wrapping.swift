extension String {
  /// Breaks the text at spaces into rows of at most `width` columns; several spaces count as one. A part without spaces
  /// that is wider (an address, a digest) is broken at any character.
  /// - Parameters:
  ///   - width: in columns; less than 1 counts as 1. A wide character may exceed it.
  ///   - limit: the most rows, 1 or more; the last of them contains the rest of the text and may be wider.
  /// - Returns: the rows without spaces at their ends; none for a text of spaces only.
  package func wrapped(to width: Int, limit: Int = .max) -> [String] {
    var rows: [String] = []
    var room = 0
    for part in split(separator: " ").flatMap({ String($0).broken(at: max(1, width)) }) {
      let columns = part.columns
      if let last = rows.indices.last, rows.count >= limit || columns < room {
        rows[last] += " " + part
        room -= columns + 1
      } else {
        rows.append(part)
        room = width - columns
      }
    }
    return rows
  }

  /// Breaks the text into parts of at most `width` columns; a part of a single character may be wider.
  private func broken(at width: Int) -> [String] {
    var parts = [""]
    var room = width
    for character in self {
      let columns = String(character).columns
      if columns > room, parts != [""] {
        parts.append("")
        room = width
      }
      parts[parts.count - 1].append(character)
      room -= columns
    }
    return parts
  }
}

extension Surface {
  /// Writes a text into the rows of the current region, broken at spaces; an ellipsis in the last row replaces the part
  /// that does not fit. Other cells are not changed.
  package mutating func writeWrapped(_ text: String, style: Style) {
    for (y, row) in text.wrapped(to: width, limit: height).enumerated() {
      write(StyledText(row, style), x: 0, y: y, width: width)
    }
  }
}
