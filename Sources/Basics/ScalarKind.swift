/// What a Unicode scalar is on a terminal: the one table of column widths. Widths follow Unicode's East Asian Width
/// (Standard Annex 11) and general category as the C library's `wcwidth` does, because ncurses counts with that. The
/// result does not depend on the locale.
package enum ScalarKind: Sendable {
  /// One column: letters, digits and most other visible characters.
  case narrow
  /// Two columns: East Asian wide and fullwidth characters, and those that are shown as emoji by default.
  case wide
  /// Zero columns: combines with the character before it.
  case mark
  /// Zero columns: the zero-width joiner and non-joiner, which stand between letters or between the parts of one emoji.
  case joiner
  /// A skin tone: two columns by itself, zero after the emoji that it colours.
  case skinTone
  /// Zero columns: a tag character, of which several after a black flag make it the flag of a region.
  case tag
  /// Zero columns: selects a form of the character before it, such as text or emoji.
  case variationSelector
  /// Must not be sent to a terminal: controls, formats, unassigned and other invisible scalars. Send U+FFFD instead,
  /// which has one column.
  case unsafe

  package init(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x20..<0x7F, 0xA0..<0xAD, 0xAE..<0x300: self = .narrow
    case 0..<0xAE: self = .unsafe
    case 0x200C...0x200D: self = .joiner
    case 0x1F3FB...0x1F3FF: self = .skinTone
    case 0xE0020...0xE007F: self = .tag
    case 0xFE00...0xFE0F, 0xE0100...0xE01EF: self = .variationSelector
    // The later parts of a Hangul syllable that is spelt out.
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: self = scalar.properties.isDefaultIgnorableCodePoint ? .unsafe : .mark
    default: self = Self.classify(scalar)
    }
  }

  /// How many terminal columns a scalar of this kind takes by itself, 0 to 2; for ``unsafe`` 1, that of U+FFFD.
  package var columns: Int {
    switch self {
    case .narrow, .unsafe: 1
    case .wide, .skinTone: 2
    case .mark, .joiner, .tag, .variationSelector: 0
    }
  }

  private static func classify(_ scalar: Unicode.Scalar) -> ScalarKind {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
      return .unsafe
    case .nonspacingMark, .enclosingMark:
      return properties.isDefaultIgnorableCodePoint ? .unsafe : .mark
    default:
      if properties.isDefaultIgnorableCodePoint { return .unsafe }
      // Characters shown as emoji by default are wide; of the letters that pair up to flags each is narrow.
      let isWideEmoji = properties.isEmojiPresentation && !(0x1F1E6...0x1F1FF).contains(scalar.value)
      return isWideEmoji || isWide(scalar.value) ? .wide : .narrow
    }
  }

  private static func isWide(_ value: UInt32) -> Bool {
    wideRanges.first { value <= $0.upperBound }?.contains(value) ?? false
  }

  /// East Asian Width W and F (EastAsianWidth.txt) without emoji, in ascending order. Unassigned scalars in the ranges
  /// are classified before.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF, 0x4E00...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
    0xFFE0...0xFFE6, 0x16FE0...0x18D8F, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
  ]
}
