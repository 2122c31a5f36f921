import TerminalUI

extension Surface {
  /// Writes a text over as many rows of this region as there are, broken between words; what is left is cut short.
  mutating func writeWrapped(_ text: String, style: Style) {
    for (y, line) in text.wrapped(to: width, limit: height).enumerated() {
      write(StyledText(line, style), x: 0, y: y, width: width)
    }
  }
}
