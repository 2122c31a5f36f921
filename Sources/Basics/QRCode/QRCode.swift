/// A QR code of a text: a square of dark and light modules (ISO/IEC 18004), in byte mode, versions 1 to 10, error
/// correction level L or M.
///
/// The version is the smallest that has room for the text, the level the highest that fits into it. The light modules
/// that must surround it, the quiet zone, are not part of it.
package struct QRCode: Hashable, Sendable {
  /// How much of a code may be damaged: about 7 % or 15 %.
  enum Level: CaseIterable, Sendable {
    case low, medium

    /// The two bits for it in the format information.
    var formatBits: Int {
      switch self {
      case .low: 1
      case .medium: 0
      }
    }
  }

  /// 1 to 10.
  let version: Int
  let level: Level
  /// Number of the mask pattern, 0 to 7.
  let mask: Int
  let matrix: QRMatrix

  /// Modules on each side: 21 for version 1, 57 for version 10.
  package var size: Int { matrix.size }

  /// Whether a module is dark; false outside of the square, where the quiet zone is.
  /// - Parameters:
  ///   - x: column, from the left, from 0.
  ///   - y: row, from the top, from 0.
  package func isDark(_ x: Int, _ y: Int) -> Bool { matrix.isDark(x, y) }

  /// - Returns: nil for a text of more than 271 bytes of UTF-8.
  package init?(_ text: String) { self.init(Array(text.utf8)) }

  /// - Parameter mask: 0 to 7; nil for the one that scanners read best.
  init?(_ bytes: [UInt8], mask: Int? = nil) {
    guard let version = QRVersion.allVersions.first(where: { $0.capacity(.low) >= bytes.count }) else { return nil }
    let level: Level = version.capacity(.medium) >= bytes.count ? .medium : .low
    let codewords = version.interleaved(version.dataCodewords(of: bytes, level), level)
    let plain = QRMatrix(version, codewords)
    let masked = (mask.map { [$0] } ?? Array(0..<8)).map { (mask: $0, matrix: plain.masked($0, level)) }
    guard let best = masked.min(by: { $0.matrix.penalty < $1.matrix.penalty }) else { return nil }
    (self.version, self.level, self.mask, matrix) = (version.number, level, best.mask, best.matrix)
  }
}
