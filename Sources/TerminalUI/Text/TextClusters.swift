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
      switch ScalarKind(scalar) {
      case .narrow:
        cluster = TextCluster(scalar, width: 1)
      case .wide:
        cluster = TextCluster(scalar, width: 2)
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
        cluster = TextCluster(scalar, width: 2)
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
