import TerminalUI

extension Surface {
  /// Writes a text over as many rows of this region as there are, broken between words; what is left is cut short.
  mutating func writeWrapped(_ text: String, style: Style) {
    var words = text.split(separator: " ")[...]
    for y in 0..<height where !words.isEmpty {
      var line = String(words.removeFirst())
      while let word = words.first, line.columns + 1 + word.description.columns <= width || y == height - 1 {
        line += " " + word
        words.removeFirst()
      }
      write(StyledText(line, style), x: 0, y: y, width: width)
    }
  }
}
