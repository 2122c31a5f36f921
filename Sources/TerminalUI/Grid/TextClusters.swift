import Basics

/// A text as the grid takes it, a cell's worth at a time. The one way from a string into the grid.
///
/// What could steer the terminal or disguise a name becomes U+FFFD: controls, bidirectional controls, invisible and
/// other format characters, line separators, unassigned code points, and a combining mark with nothing to combine with.
/// Dropped are variation selectors, joiners behind a letter or an emoji, skin tones and tags of flags: whether a terminal
/// draws what they belong to as one character or as several, and how wide, differs; without them it is the same for all.
package struct TextClusters: Sequence, IteratorProtocol {
  private var scalars: String.UnicodeScalarView.Iterator
  /// A character that has been read, and whose marks have not.
  private var current: TextCluster?

  package init(_ text: String) {
    scalars = text.unicodeScalars.makeIterator()
  }

  package mutating func next() -> TextCluster? {
    while let scalar = scalars.next() {
      let cluster: TextCluster
      let kind = ScalarKind(scalar)
      switch kind {
      case .narrow, .wide:
        cluster = TextCluster(scalar, width: kind.columns)
      case .mark where current != nil:
        current?.add(scalar)
        continue
      case .variationSelector:
        continue
      case .joiner where current?.takesJoiner ?? false:
        continue
      case .skinTone where current?.scalar.properties.isEmojiModifierBase ?? false:
        continue
      case .skinTone:
        cluster = TextCluster(scalar, width: kind.columns)
      case .tag where current?.scalar == "\u{1F3F4}":
        continue
      case .mark, .joiner, .tag, .unsafe:
        cluster = TextCluster("\u{FFFD}", width: 1)
      }
      defer { current = cluster }
      if let complete = current { return complete }
    }
    defer { current = nil }
    return current
  }
}

/// What one cell can show: a character, one or two columns wide, and at most three combining marks on it.
package struct TextCluster: Hashable, Sendable {
  package let scalar: Unicode.Scalar
  /// 1 or 2.
  package let width: Int
  /// Three times 21 bits, the first mark lowest; 0 is none.
  private(set) var packedMarks: UInt64 = 0

  init(_ scalar: Unicode.Scalar, width: Int) {
    self.scalar = scalar
    self.width = width
  }

  /// Adds a combining mark; the fourth and later ones are dropped.
  ///
  /// Languages need two or three; more come from those who write over the lines above and below.
  mutating func add(_ mark: Unicode.Scalar) {
    for shift in [UInt64(0), 21, 42] where packedMarks >> shift == 0 {
      packedMarks |= UInt64(mark.value) << shift
      return
    }
  }

  /// Whether a joiner behind it is part of a word or of an emoji.
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

extension String {
  /// How many columns the grid needs for this text.
  package var columns: Int {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
    return TextClusters(self).reduce(0) { $0 + $1.width }
  }

  /// The text as the grid shows it, for what goes to a terminal by another way.
  package var printable: String {
    TextClusters(self).reduce(into: "") { $0 += $1.text }
  }
}
