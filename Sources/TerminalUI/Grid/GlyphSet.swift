/// The characters beyond letters that the dashboard draws with: one set for terminals with a Unicode font, one in ASCII.
package struct GlyphSet: Hashable, Sendable {
  /// Whether there is more than ASCII in it.
  package let isUnicode: Bool
  /// Stands for what was left out of a text.
  package let ellipsis: Glyph
  package let border: BorderGlyphs
  /// The mark before a selected row, so that it shows without colours.
  package let selection: Glyph
  package let up: Glyph
  package let down: Glyph
  package let separator: Glyph
  package let checked: Glyph
  private(set) var bar: BarGlyphs
  let graph: GraphGlyphs

  /// A small digit, 0 to 9, as it numbers a pane; a plain one in ASCII.
  package func superscript(_ digit: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return isUnicode && digits.indices.contains(digit) ? String(digits[digit]) : "\(digit)"
  }

  /// The same with bars of this style, as far as there are characters for it: in ASCII there is one style.
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
    border: BorderGlyphs("╭", "╮", "╰", "╯", horizontal: "─", vertical: "│"),
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
    border: BorderGlyphs("+", "+", "+", "+", horizontal: "-", vertical: "|"),
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
/// Only this module's ``GlyphSet`` makes them: all other text goes through ``TextClusters``.
package struct Glyph: Hashable, Sendable {
  package let scalar: Unicode.Scalar

  init(_ scalar: Unicode.Scalar) {
    self.scalar = scalar
  }

  package static let space = Glyph(" ")

  /// The character, to put into a longer text.
  package var text: String { String(scalar) }
}

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

/// How progress bars are drawn.
package enum BarStyle: String, CaseIterable, Sendable {
  /// Whole and parts of blocks: to an eighth of a cell.
  case block
  /// A line, half as heavy.
  case thin
  /// ASCII alone.
  case ascii
}

/// What a ``Graph`` is made of.
struct GraphGlyphs: Hashable, Sendable {
  /// How many values one cell shows beside each other.
  let valuesPerCell: Int
  /// By the heights 0...4 of the values in a cell: `levels[left]` or `levels[left * 5 + right]`.
  private let levels: [Glyph]

  /// The highest value in one cell.
  static let topLevel = 4

  /// Two columns of four dots, filled from below (U+2800 and the bits of its dots).
  static let braille: GraphGlyphs = {
    let left: [UInt32] = [0, 0x40, 0x44, 0x46, 0x47]
    let right: [UInt32] = [0, 0x80, 0xA0, 0xB0, 0xB8]
    let levels = left.flatMap { left in
      right.map { right in
        // A cell of braille without a dot is drawn as small circles by some fonts.
        left + right == 0 ? Glyph.space : Unicode.Scalar(0x2800 + left + right).map(Glyph.init) ?? .space
      }
    }
    return GraphGlyphs(valuesPerCell: 2, levels: levels)
  }()

  static let ascii = GraphGlyphs(valuesPerCell: 1, levels: [" ", ".", ":", "+", "#"].map { Glyph($0) })

  /// The glyph for the heights of a cell's values, 0...4 each, as many as ``valuesPerCell``.
  func glyph(_ heights: some Sequence<Int>) -> Glyph {
    let index = heights.reduce(0) { $0 * (Self.topLevel + 1) + $1 }
    return levels.indices.contains(index) ? levels[index] : .space
  }
}
