import TerminalUI

/// What a terminal shows in one cell.
struct ShownCell: Hashable {
  /// The character with its marks; empty in the right half of a wide one.
  var text = " "
  var style = Style.plain

  /// The cell as it looks. A blank has no ink that bold, dim or a colour could change, but for what a line under it or
  /// reversing shows; and a wide character has one style, that of its left half.
  var look: ShownCell {
    if text.isEmpty { return ShownCell(text: "") }
    guard text == " ", style.attributes.isDisjoint(with: [.underline, .reverse]) else { return self }
    return ShownCell(text: text, style: Style(background: style.background))
  }
}
