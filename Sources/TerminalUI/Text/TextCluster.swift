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
