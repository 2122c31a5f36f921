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
