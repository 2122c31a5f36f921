/// The symbols that the dashboard draws with: one set for terminals with a Unicode font, one in ASCII.
package struct GlyphSet: Hashable, Sendable {
  /// Whether the set has characters beyond ASCII.
  package let isUnicode: Bool
  /// Replaces the omitted part of a text.
  package let ellipsis: Glyph
  package let border: BorderGlyphs
  /// The mark before a selected row, visible without colours.
  package let selection: Glyph
  package let up, down, separator, checked: Glyph
  private(set) var bar: BarGlyphs
  let graph: GraphGlyphs

  /// The same set with bars of this style; unchanged in ASCII, which has one style only.
  package func with(bar style: BarStyle) -> GlyphSet {
    guard isUnicode else { return self }
    var glyphs = self
    switch style {
    case .block: glyphs.bar = .blocks
    case .thin: glyphs.bar = .thin
    case .ascii: glyphs.bar = .ascii
    }
    return glyphs
  }

  package static let unicode = GlyphSet(
    isUnicode: true,
    ellipsis: Glyph("…"),
    border: BorderGlyphs(corners: "╭╮╰╯", horizontal: Glyph("─"), vertical: Glyph("│")),
    selection: Glyph("▌"),
    up: Glyph("↑"),
    down: Glyph("↓"),
    separator: Glyph("·"),
    checked: Glyph("✓"),
    bar: .blocks,
    graph: .braille
  )

  package static let ascii = GlyphSet(
    isUnicode: false,
    ellipsis: Glyph("~"),
    border: BorderGlyphs(corners: "++++", horizontal: Glyph("-"), vertical: Glyph("|")),
    selection: Glyph(">"),
    up: Glyph("^"),
    down: Glyph("v"),
    separator: Glyph("|"),
    checked: Glyph("+"),
    bar: .ascii,
    graph: .ascii
  )
}

/// A printable character, one column wide, that a widget draws with.
///
/// Only this module creates glyphs, and other modules get them from a ``GlyphSet``; all other text goes through
/// ``TextClusters``.
package struct Glyph: Hashable, Sendable {
  package let scalar: Unicode.Scalar

  init(_ scalar: Unicode.Scalar) { self.scalar = scalar }

  package static let space = Glyph(" ")

  /// The character, to put into a longer text.
  package var text: String { String(scalar) }
}

/// The corners and edges of a box.
package struct BorderGlyphs: Hashable, Sendable {
  /// Top left, top right, bottom left, bottom right.
  let corners: [Glyph]
  package let horizontal: Glyph
  package let vertical: Glyph

  init(corners: String, horizontal: Glyph, vertical: Glyph) {
    self.corners = corners.unicodeScalars.map { Glyph($0) }
    (self.horizontal, self.vertical) = (horizontal, vertical)
  }
}

/// The characters of a ``Gauge``.
struct BarGlyphs: Hashable, Sendable {
  /// Cells filled from the left to one eighth, two eighths, and so on to eight; in ASCII only the last of them.
  let parts: [Glyph]
  /// A received cell that is not completely stored yet, in ASCII and in themes without colours.
  let received: Glyph
  /// An empty cell.
  let track: Glyph
  /// Whether a glyph covers its part of the cell completely, so that the background can show the second shade in the
  /// rest.
  let fillsCell: Bool

  private init(_ parts: String, received: Glyph, track: Glyph, fillsCell: Bool) {
    self.parts = parts.unicodeScalars.map { Glyph($0) }
    (self.received, self.track, self.fillsCell) = (received, track, fillsCell)
  }

  static let blocks = BarGlyphs("▏▎▍▌▋▊▉█", received: Glyph("▒"), track: Glyph("─"), fillsCell: true)
  /// A heavy stroke on a light one, with a resolution of half a cell.
  static let thin = BarGlyphs("───╾╾╾╾━", received: Glyph("╍"), track: Glyph("─"), fillsCell: false)
  static let ascii = BarGlyphs("#", received: Glyph("="), track: Glyph("-"), fillsCell: false)

  /// A completely filled cell.
  var full: Glyph { parts.last ?? .space }
}

/// How progress bars are drawn.
package enum BarStyle: String, CaseIterable, Sendable {
  /// Blocks, with a resolution of an eighth of a cell.
  case block
  /// A heavy stroke on a light one.
  case thin
  /// ASCII only.
  case ascii
}

/// The characters of a ``Graph``.
struct GraphGlyphs: Hashable, Sendable {
  /// The number of values in one cell, side by side: 2 in braille, 1 in ASCII.
  let valuesPerCell: Int
  /// The shade below the curve, in a cell that the curve does not pass.
  let shade: Glyph
  /// In ASCII the glyphs of a curve at the heights 0...4 of its cell; empty in braille.
  private let levels: [Glyph]

  /// The steps of height in a cell. A curve in it is at one of the steps 1 to this.
  static let topLevel = 4

  /// Two columns of four dots (U+2800 and the bits of its dots).
  static let braille = GraphGlyphs(valuesPerCell: 2, shade: Glyph("\u{2804}"), levels: [])

  static let ascii = GraphGlyphs(
    valuesPerCell: 1,
    shade: Glyph("."),
    levels: [" ", "_", "-", "=", "^"].map { Glyph($0) }
  )

  /// The bits of the dots in the left and the right column of a braille cell, from the bottom.
  private static let dots: [[UInt32]] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]]

  /// The glyph of a curve in a cell.
  /// - Parameter spans: for each value of the cell, left to right, the steps that the curve takes there, 1 to
  ///   ``topLevel`` each; empty where it does not pass the cell.
  func glyph(_ spans: [Range<Int>]) -> Glyph {
    // Some fonts draw a braille cell without dots as small circles.
    guard spans.contains(where: { !$0.isEmpty }) else { return .space }
    guard levels.isEmpty else { return levels[min(max(0, (spans.first?.upperBound ?? 1) - 1), Self.topLevel)] }
    let bits = zip(Self.dots, spans).reduce(0 as UInt32) { bits, column in
      column.1.reduce(bits) { $0 | column.0[min(max(0, $1 - 1), Self.topLevel - 1)] }
    }
    return Unicode.Scalar(0x2800 + bits).map(Glyph.init) ?? .space
  }
}
