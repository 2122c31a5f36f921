extension String {
  /// The text in lines of at most `width` columns, broken between words; a word that is wider (an address, a digest) is
  /// broken where it must be.
  /// - Parameter limit: how many lines are wanted; what is left goes on in the last one, however wide that is.
  package func wrapped(to width: Int, limit: Int = .max) -> [String] {
    let words = split(separator: " ").flatMap { $0.pieces(of: max(1, width)) }
    var lines: [String] = []
    var room = 0
    for word in words {
      let columns = word.columns
      if let last = lines.indices.last, lines.count >= limit || columns < room {
        lines[last] += " " + word
        room -= columns + 1
      } else {
        lines.append(word)
        room = width - columns
      }
    }
    return lines
  }
}

extension Substring {
  /// A word in pieces of at most `width` columns; a single character may be wider.
  fileprivate func pieces(of width: Int) -> [String] {
    let word = String(self)
    guard word.columns > width else { return [word] }
    var pieces: [String] = []
    var room = 0
    for character in word {
      let columns = String(character).columns
      if columns > room || pieces.isEmpty {
        pieces.append("")
        room = width
      }
      pieces[pieces.count - 1].append(character)
      room -= columns
    }
    return pieces
  }
}

extension Surface {
  /// Writes a text over as many rows of this region as there are, broken between words; what is left is cut short.
  package mutating func writeWrapped(_ text: String, style: Style) {
    for (y, line) in text.wrapped(to: width, limit: height).enumerated() {
      write(StyledText(line, style), x: 0, y: y, width: width)
    }
  }
}
