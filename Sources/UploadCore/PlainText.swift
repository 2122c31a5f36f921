/// Makes untrusted text safe to show: on a terminal, in a log line, in an error message.
package enum PlainText {
  /// Returns `text` with every scalar that could control a terminal or disguise a name replaced by U+FFFD, tabs and
  /// line ends included; see ``InvisibleCharacters`` for the few invisible ones that are kept in scripts and emoji.
  ///
  /// A byte that is not UTF-8, in a text from ``NameBytes/losslessText``, becomes an escape such as `\xE9`.
  package static func sanitized(_ text: String) -> String {
    // Most texts are printable ASCII.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    let text = NameBytes.containsRawBytes(text) ? NameBytes(lossless: text).description : text
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    let scalars = Array(text.unicodeScalars)
    let shown = zip(scalars, InvisibleCharacters.areShown(scalars)).map { $1 ? $0 : "\u{FFFD}" }
    return String(String.UnicodeScalarView(shown))
  }

  /// Whether a scalar must not reach a terminal by itself: a control, a format or another invisible character, U+2028
  /// and U+2029 included. Whether ``sanitized(_:)`` replaces one such as a joiner also depends on its neighbours.
  package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return scalar.properties.isDefaultIgnorableCodePoint
    }
  }
}

extension StringProtocol {
  /// The text without whitespace and line breaks at its two ends.
  package var trimmingWhitespace: SubSequence {
    guard let last = lastIndex(where: { !$0.isWhitespace }) else { return self[endIndex...] }
    return self[...last].drop(while: \.isWhitespace)
  }
}

/// Characters that cannot be seen: most only disguise a name or control a terminal, a few change how others are shown.
///
/// Removed or replaced: controls, bidirectional controls and other format characters, the separators U+2028 and U+2029
/// (general categories Cc, Cf, Zl, Zp), and everything that Unicode calls default-ignorable. Kept, because emoji and
/// several scripts are misspelt without them:
/// * zero-width joiner and non-joiner between letters, marks, digits or emoji, and behind a virama (Indic scripts);
/// * a variation selector behind a character that it can change;
/// * the tags of a flag such as Scotland's (UTS #51, emoji tag sequence).
enum InvisibleCharacters {
  /// Whether each of `scalars`, the scalars of a whole text in order, is kept: one result per element.
  /// - Parameter scalars: nil stands for a byte that is not UTF-8; it is kept, since it is shown escaped.
  static func areShown(_ scalars: [Unicode.Scalar?]) -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(scalars.count)
    /// The last scalar that is kept.
    var previous: Unicode.Scalar?
    while result.count < scalars.count {
      let index = result.count
      guard let scalar = scalars[index] else {
        previous = nil
        result.append(true)
        continue
      }
      let tags = previous == blackFlag ? lengthOfTags(scalars[index...]) : 0
      let next = index + 1 < scalars.count ? scalars[index + 1] : nil
      let isShown = tags > 0 || Self.isShown(scalar, between: previous, and: next)
      if isShown { previous = tags > 0 ? nil : scalar }
      result += repeatElement(isShown, count: max(1, tags))
    }
    return result
  }

  private static func isShown(
    _ scalar: Unicode.Scalar,
    between previous: Unicode.Scalar?,
    and next: Unicode.Scalar?
  ) -> Bool {
    guard PlainText.isUnsafe(scalar) else { return true }
    guard let previous else { return false }
    switch scalar {
    case "\u{200C}", "\u{200D}": return joins(previous, next)
    case "\u{FE0E}", "\u{FE0F}": return previous.properties.isEmoji
    default: return scalar.properties.isVariationSelector && takesVariation(previous)
    }
  }

  private static func joins(_ previous: Unicode.Scalar, _ next: Unicode.Scalar?) -> Bool {
    if previous.properties.canonicalCombiningClass == .virama { return true }
    // A mark that will be removed joins nothing.
    return isWordPart(previous) && (next.map { isWordPart($0) && !PlainText.isUnsafe($0) } ?? false)
  }

  /// Letters, marks, numbers and emoji.
  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      return true
    default:
      return !scalar.isASCII && scalar.properties.isEmoji
    }
  }

  /// Ideographs, letters of other scripts and symbols have registered variants; no letter of ASCII has.
  private static func takesVariation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .otherLetter, .mathSymbol, .otherSymbol: true
    default: false
    }
  }

  private static let blackFlag: Unicode.Scalar = "\u{1F3F4}"
  private static let cancelTag: Unicode.Scalar = "\u{E007F}"
  /// Country and region, such as `gbsct`, and the cancel tag.
  private static let mostTags = 7

  private static func isTag(_ scalar: Unicode.Scalar) -> Bool { (0xE0020...0xE007F).contains(scalar.value) }

  /// How many of `scalars`, those behind a black flag, are a whole sequence of tags; 0 when they do not begin with one.
  private static func lengthOfTags(_ scalars: ArraySlice<Unicode.Scalar?>) -> Int {
    let tags = scalars.prefix(mostTags).prefix { $0.map { isTag($0) && $0 != cancelTag } ?? false }
    let end = tags.endIndex
    return !tags.isEmpty && end < scalars.endIndex && scalars[end] == cancelTag ? tags.count + 1 : 0
  }
}

/// Escapes text for HTML and XML documents.
package enum MarkupText {
  /// `text` with `&`, `<`, `>` and both quotation marks escaped, for content and quoted attributes: no character of it
  /// can begin or end markup. The apostrophe is escaped by number, since HTML 4 and XML have no name for it in common.
  package static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: String(scalar)
      }
    }.joined()
  }
}

/// Converts bytes to and from two hexadecimal digits each.
package enum Hexadecimal {
  /// Two lower-case digits for each byte, without separators.
  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * bytes.underestimatedCount)
    for byte in bytes {
      digits.append(digit(byte >> 4))
      digits.append(digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The byte that two ASCII digits in either case stand for; nil when one of them is nil or no hexadecimal digit.
  package static func byte(_ high: UInt8?, _ low: UInt8?) -> UInt8? {
    guard let high = high.flatMap(value), let low = low.flatMap(value) else { return nil }
    return high << 4 | low
  }

  /// The bytes that a text of ASCII digits in either case stands for, two digits each; nil for any other text.
  package static func bytes(_ digits: some Sequence<UInt8>) -> [UInt8]? {
    var (bytes, digits) = ([UInt8](), digits.makeIterator())
    while let high = digits.next() {
      guard let byte = byte(high, digits.next()) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// The bytes of a text with its escapes decoded, such as `%41` in URLs and `=41` in MIME headers.
  /// - Parameters:
  ///   - mark: the byte that an escape begins with; two hexadecimal digits must follow.
  ///   - space: a byte that is decoded as a space; nil for none.
  /// - Returns: nil when two digits do not follow a mark.
  package static func undoingEscapes(in text: some Collection<UInt8>, mark: UInt8, space: UInt8? = nil) -> [UInt8]? {
    var result: [UInt8] = []
    var bytes = text.makeIterator()
    while let byte = bytes.next() {
      if byte == mark {
        guard let escaped = Self.byte(bytes.next(), bytes.next()) else { return nil }
        result.append(escaped)
      } else {
        result.append(byte == space ? UInt8(ascii: " ") : byte)
      }
    }
    return result
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    Character(Unicode.Scalar(digit)).hexDigitValue.map { UInt8($0) }
  }
}
