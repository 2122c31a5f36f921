extension TextField: Widget {
  /// Draws the text into the first row and puts the terminal's cursor where it is edited.
  ///
  /// A text too long for the row is scrolled so that there is text to be seen on both sides of the cursor.
  package func draw(on surface: inout Surface) {
    let column = cursorColumn
    // One column more: the cursor may stand behind the last character.
    let excess = max(0, text.columns + 1 - surface.width)
    let offset = min(max(0, column - surface.width / 2), excess)
    surface.write(text, x: -offset, y: 0)
    surface.placeCursor(x: column - offset, y: 0)
  }
}
