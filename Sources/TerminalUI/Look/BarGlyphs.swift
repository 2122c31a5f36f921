/// What a ``Gauge`` is made of.
struct BarGlyphs: Hashable, Sendable {
  /// A cell that is filled to one eighth, two eighths, and so on to eight, from the left; only the last where the font
  /// has no parts.
  let parts: [Glyph]
  /// A cell that is received but not stored yet, where colours cannot tell the two apart.
  let received: Glyph
  /// A cell with nothing in it.
  let track: Glyph

  static let blocks = BarGlyphs(
    parts: (0..<8).compactMap { Unicode.Scalar(0x258F - $0).map(Glyph.init) },
    received: Glyph("▒"),
    track: Glyph("─")
  )
  static let ascii = BarGlyphs(parts: [Glyph("#")], received: Glyph("="), track: Glyph("-"))

  /// The cell that is wholly filled.
  var full: Glyph { parts.last ?? .space }
}
