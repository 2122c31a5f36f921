/// The corners and lines of a box.
package struct BorderGlyphs: Hashable, Sendable {
  let topLeft: Glyph
  let topRight: Glyph
  let bottomLeft: Glyph
  let bottomRight: Glyph
  package let horizontal: Glyph
  package let vertical: Glyph

  init(
    _ topLeft: Unicode.Scalar,
    _ topRight: Unicode.Scalar,
    _ bottomLeft: Unicode.Scalar,
    _ bottomRight: Unicode.Scalar,
    horizontal: Unicode.Scalar,
    vertical: Unicode.Scalar
  ) {
    self.topLeft = Glyph(topLeft)
    self.topRight = Glyph(topRight)
    self.bottomLeft = Glyph(bottomLeft)
    self.bottomRight = Glyph(bottomRight)
    self.horizontal = Glyph(horizontal)
    self.vertical = Glyph(vertical)
  }
}
