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

  /// A digit, 0 to 9, as a superscript, to number a pane; in ASCII, and for other numbers, in plain digits.
  package func superscript(_ digit: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return isUnicode && digits.indices.contains(digit) ? String(digits[digit]) : "\(digit)"
  }

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
  /// Glyphs by the heights 0...4 of the values in a cell: `levels[left]` or `levels[left * 5 + right]`.
  private let levels: [Glyph]

  /// The height of a value that fills the cell; heights are 0 to this.
  static let topLevel = 4

  /// Two columns of four dots, filled from the bottom (U+2800 and the bits of its dots).
  static let braille: GraphGlyphs = {
    let left: [UInt32] = [0, 0x40, 0x44, 0x46, 0x47]
    let right: [UInt32] = [0, 0x80, 0xA0, 0xB0, 0xB8]
    let levels = left.flatMap { left in
      right.map { right in
        // Some fonts draw a braille cell without dots as small circles.
        left + right == 0 ? Glyph.space : Unicode.Scalar(0x2800 + left + right).map(Glyph.init) ?? .space
      }
    }
    return GraphGlyphs(valuesPerCell: 2, levels: levels)
  }()

  static let ascii = GraphGlyphs(valuesPerCell: 1, levels: [" ", ".", ":", "+", "#"].map { Glyph($0) })

  /// The glyph for the heights of the values in a cell, left to right: ``valuesPerCell`` of them, 0 to ``topLevel``
  /// each.
  func glyph(_ heights: some Sequence<Int>) -> Glyph {
    let index = heights.reduce(0) { $0 * (Self.topLevel + 1) + $1 }
    return levels.indices.contains(index) ? levels[index] : .space
  }
}
