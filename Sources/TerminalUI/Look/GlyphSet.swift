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
