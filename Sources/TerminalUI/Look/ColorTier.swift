/// How many colours a terminal has.
package enum ColorTier: Int, Sendable, Comparable {
  /// None, or the user asked for none (`NO_COLOR`): attributes only.
  case mono = 0
  case colors8 = 8
  case colors16 = 16
  case colors256 = 256

  package static func < (left: ColorTier, right: ColorTier) -> Bool {
    left.rawValue < right.rawValue
  }
}
