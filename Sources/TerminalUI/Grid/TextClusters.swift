import Basics

/// Splits a text into the contents of cells. All strings pass through it into the grid.
///
/// Scalars that could control the terminal or disguise a name become U+FFFD: controls, bidirectional controls,
/// invisible and other format characters, paragraph separators, unassigned code points, and a combining mark without a
/// base. Dropped are variation selectors, joiners after a letter, digit or emoji, skin tones after an emoji that has
/// them, and tags after a flag: terminals disagree on whether they draw such a sequence as one character, and how wide;
/// without these scalars the width is certain.
package struct TextClusters: Sequence, IteratorProtocol {
  private var scalars: String.UnicodeScalarView.Iterator
  /// A character that was read and not returned yet: combining marks may follow. Nil before the first and after the
  /// last.
  private var current: TextCluster?

  package init(_ text: String) { scalars = text.unicodeScalars.makeIterator() }

  package mutating func next() -> TextCluster? {
    while let scalar = scalars.next() {
      let cluster: TextCluster
      let kind = ScalarKind(scalar)
      switch kind {
      case .mark where current != nil:
        current?.add(scalar)
        continue
      case .variationSelector: continue
      case .joiner where current?.takesJoiner ?? false: continue
      case .skinTone where current?.scalar.properties.isEmojiModifierBase ?? false: continue
      case .tag where current?.scalar == "\u{1F3F4}": continue
      case .narrow, .wide, .skinTone: cluster = TextCluster(scalar, width: kind.columns)
      case .mark, .joiner, .tag, .unsafe: cluster = TextCluster("\u{FFFD}", width: 1)
      }
      defer { current = cluster }
      if let complete = current { return complete }
    }
    defer { current = nil }
    return current
  }
}

/// A character for the grid, one or two columns wide, with at most three combining marks.
package struct TextCluster: Hashable, Sendable {
  package let scalar: Unicode.Scalar
  /// In columns: 1 or 2.
  package let width: Int
  /// Three times 21 bits, the first mark lowest; 0 is none.
  private(set) var packedMarks: UInt64 = 0

  init(_ scalar: Unicode.Scalar, width: Int) { (self.scalar, self.width) = (scalar, width) }

  /// Adds a combining mark; the fourth and later ones are dropped.
  ///
  /// Languages need two or three; longer stacks are meant to overwrite the rows above and below.
  mutating func add(_ mark: Unicode.Scalar) {
    for shift in [UInt64(0), 21, 42] where packedMarks >> shift == 0 {
      packedMarks |= UInt64(mark.value) << shift
      return
    }
  }

  /// Whether a joiner after this character is dropped, because it belongs to a letter, digit or emoji. After any other
  /// character it is replaced.
  var takesJoiner: Bool {
    let properties = scalar.properties
    return properties.isAlphabetic || properties.numericType != nil || (!scalar.isASCII && properties.isEmoji)
  }

  /// The character with its marks.
  var text: String { Self.text(scalar, packedMarks) }

  static func text(_ scalar: Unicode.Scalar, _ packedMarks: UInt64) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(scalar)
    scalars.append(contentsOf: unpack(packedMarks))
    return String(scalars)
  }

  static func unpack(_ packed: UInt64) -> [Unicode.Scalar] {
    guard packed != 0 else { return [] }
    return [UInt64(0), 21, 42].compactMap { shift in
      let value = UInt32(packed >> shift & 0x1F_FFFF)
      return value == 0 ? nil : Unicode.Scalar(value)
    }
  }
}

/// One cell of the grid: a character one column wide, or half of one that is two columns wide.
///
/// Only this module creates cells, from clusters, glyphs and printable ASCII: ``text`` has no control character.
package struct Cell: Hashable, Sendable {
  /// Up to three combining marks of 21 bits, the first one lowest.
  private let packedMarks: UInt64
  /// The character; NUL in the right half of a wide one.
  package let scalar: Unicode.Scalar
  package var style: Style

  init(_ scalar: Unicode.Scalar, style: Style) { (packedMarks, self.scalar, self.style) = (0, scalar, style) }

  init(_ cluster: TextCluster, style: Style) {
    (packedMarks, scalar, self.style) = (cluster.packedMarks, cluster.scalar, style)
  }

  /// The right half of the wide character to the left.
  static func continuation(style: Style) -> Cell { Cell("\0", style: style) }

  /// Whether this is the right half of the wide character to the left, which shows nothing of its own.
  package var isContinuation: Bool { scalar == "\0" }

  /// The combining marks on the character, in their order; usually none.
  package var marks: [Unicode.Scalar] { TextCluster.unpack(packedMarks) }

  /// Whether there are ``marks``; cheaper than reading them.
  package var hasMarks: Bool { packedMarks != 0 }

  /// The character with its marks; empty for a continuation.
  package var text: String { isContinuation ? "" : TextCluster.text(scalar, packedMarks) }
}

extension String {
  /// How many columns the grid needs for this text, in which unsafe characters are one column each.
  package var columns: Int {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
    return TextClusters(self).reduce(0) { $0 + $1.width }
  }

  /// The text as the grid shows it, with U+FFFD for control and other unsafe characters: for output to a terminal that
  /// does not pass through the grid.
  package var printable: String { TextClusters(self).reduce(into: "") { $0 += $1.text } }
}
