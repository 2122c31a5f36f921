/// What a ``Gauge`` is made of.
struct BarGlyphs: Hashable, Sendable {
  /// A cell that is filled to one eighth, two eighths, and so on to eight, from the left; only the last where the font
  /// has no parts.
  let parts: [Glyph]
  /// A cell that is received but not stored yet, where colours cannot tell the two apart.
  let received: Glyph
  /// A cell with nothing in it.
  let track: Glyph
  /// Whether a filled cell shows nothing of its background, so that two shades can share one.
  let fillsCell: Bool

  static let blocks = BarGlyphs(
    parts: (0..<8).compactMap { Unicode.Scalar(0x258F - $0).map(Glyph.init) },
    received: Glyph("▒"),
    track: Glyph("─"),
    fillsCell: true
  )
  /// A heavy line on a light one: to half a cell.
  static let thin = BarGlyphs(
    parts: "───╾╾╾╾━".unicodeScalars.map { Glyph($0) },
    received: Glyph("╍"),
    track: Glyph("─"),
    fillsCell: false
  )
  static let ascii = BarGlyphs(parts: [Glyph("#")], received: Glyph("="), track: Glyph("-"), fillsCell: false)

  /// The cell that is wholly filled.
  var full: Glyph { parts.last ?? .space }
}
