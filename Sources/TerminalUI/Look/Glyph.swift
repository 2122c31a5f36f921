/// A printable character, one column wide, that a widget draws with.
///
/// Only this module's ``GlyphSet`` makes them: everybody else's text goes through ``TextClusters``.
package struct Glyph: Hashable, Sendable {
  package let scalar: Unicode.Scalar

  init(_ scalar: Unicode.Scalar) {
    self.scalar = scalar
  }

  package static let space = Glyph(" ")

  /// The character, to put into a longer text.
  package var text: String { String(scalar) }
}
