extension Surface {
  /// The characters of one row of the whole grid, exactly `size.width` columns wide; empty beyond the grid.
  package func text(ofRow y: Int) -> String { row(y).reduce(into: "") { $0 += $1.text } }

  /// The characters of all rows, each with a newline at its end.
  package var text: String { (0..<size.height).map { text(ofRow: $0) + "\n" }.joined() }

  /// All rows with escape sequences for colours and attributes, each with a newline at its end: for `cat`, and for
  /// tests.
  package var ansiText: String { (0..<size.height).map { ansiText(ofRow: $0) + "\n" }.joined() }

  private func ansiText(ofRow y: Int) -> String {
    var result = ""
    var style = Style.plain
    for cell in row(y) where !cell.isContinuation {
      if cell.style != style {
        style = cell.style
        result += "\u{1B}[0\(Self.parameters(style))m"
      }
      result += cell.text
    }
    return style == .plain ? result : result + "\u{1B}[0m"
  }

  /// The parameters of SGR (ECMA-48 section 8.3.117) after a reset; colours in the notation of xterm.
  private static func parameters(_ style: Style) -> String {
    var result = ""
    let codes: [(Attributes, String)] = [(.bold, ";1"), (.dim, ";2"), (.underline, ";4"), (.reverse, ";7")]
    for (attribute, code) in codes where style.attributes.contains(attribute) { result += code }
    if let index = style.foreground.index { result += ";38;5;\(index)" }
    if let index = style.background.index { result += ";48;5;\(index)" }
    return result
  }
}
