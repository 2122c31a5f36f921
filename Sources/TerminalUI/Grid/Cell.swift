/// One cell of the grid: a character one column wide, or half of one that is two wide.
///
/// Made only from ``TextClusters`` and the glyphs of widgets, so that no control character gets in.
package struct Cell: Hashable, Sendable {
  /// Up to three combining marks of 21 bits, the first one lowest.
  private let packedMarks: UInt64
  /// NUL in the right half of a wide character.
  package let scalar: Unicode.Scalar
  package var style: Style

  init(_ scalar: Unicode.Scalar, style: Style) {
    self.packedMarks = 0
    self.scalar = scalar
    self.style = style
  }

  init(_ cluster: TextCluster, style: Style) {
    self.packedMarks = cluster.packedMarks
    self.scalar = cluster.scalar
    self.style = style
  }

  /// The right half of the wide character to the left.
  static func continuation(style: Style) -> Cell {
    Cell("\0", style: style)
  }

  /// Whether this is the right half of the wide character to the left; nothing of its own is shown then.
  package var isContinuation: Bool { scalar == "\0" }

  /// The combining marks on the character, in their order; mostly none.
  package var marks: [Unicode.Scalar] { TextCluster.unpack(packedMarks) }

  /// Whether there are any: cheaper than asking for them.
  package var hasMarks: Bool { packedMarks != 0 }

  /// The character with its marks; empty for a continuation.
  package var text: String {
    isContinuation ? "" : TextCluster.text(scalar, packedMarks)
  }
}
