import UploadCore

/// How many terminal columns text takes, and text made to take a given number of them.
///
/// The rules of `wcwidth`: marks and format characters take none, East Asian wide and emoji characters two (Unicode
/// Standard Annex 11), all others one. Nothing is asked of the locale, so the result is the same everywhere.
package enum TextWidth {
  /// Columns that `text` takes once it is ``separated(_:)``; controls count as one, since they are shown replaced.
  package static func columns(_ text: String) -> Int {
    separated(text).unicodeScalars.reduce(0) { $0 + columns($1) }
  }

  /// `text` without what joins several emoji into one, colours them, or changes a character to one: terminals do not
  /// agree on how wide the result is.
  private static func separated(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    var kept = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars where !isPartOfEmoji(scalar, behind: previous) {
      kept.append(scalar)
      previous = scalar
    }
    return String(kept)
  }

  private static func isPartOfEmoji(_ scalar: Unicode.Scalar, behind previous: Unicode.Scalar?) -> Bool {
    switch scalar.value {
    case 0xFE0E...0xFE0F: true
    case 0x200D: previous.map { !$0.isASCII && $0.properties.isEmoji } ?? false
    case 0x1F3FB...0x1F3FF: previous?.properties.isEmojiModifierBase ?? false
    case 0xE0020...0xE007F: previous == "\u{1F3F4}"
    default: false
    }
  }

  /// `text` cut so that it takes at most `width` columns; `ellipsis` ends what was cut, where it fits.
  package static func cut(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    guard width > 0 else { return "" }
    let text = separated(text)
    guard columns(text) > width else { return text }
    let mark = columns(ellipsis) < width ? ellipsis : ""
    var room = width - columns(mark)
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      room -= columns(scalar)
      guard room >= 0 else { break }
      kept.append(scalar)
    }
    return String(kept) + mark
  }

  /// `text` cut or filled with spaces at its end, so that it takes exactly `width` columns.
  package static func left(_ text: String, _ width: Int, ellipsis: String = "…") -> String {
    let fitting = cut(text, to: width, ellipsis: ellipsis)
    return fitting + spaces(width - columns(fitting))
  }

  /// `text` cut or filled with spaces before it, so that it takes exactly `width` columns.
  package static func right(_ text: String, _ width: Int) -> String {
    let fitting = cut(text, to: width, ellipsis: "")
    return spaces(width - columns(fitting)) + fitting
  }

  static func spaces(_ count: Int) -> String {
    String(repeating: " ", count: max(0, count))
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // The second and third parts of a Hangul syllable join the first.
    if (0x1160...0x11FF).contains(scalar.value) { return 0 }
    return isWide(scalar) ? 2 : 1
  }

  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0x1100 else { return false }
    return wideRanges.contains { $0.contains(scalar.value) } || scalar.properties.isEmojiPresentation
  }

  /// Hangul, CJK, kana, full-width forms, and the planes of ideographs.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]
}
