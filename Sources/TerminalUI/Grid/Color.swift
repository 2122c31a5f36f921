/// A colour: the terminal's own, or an entry of the xterm palette of 256.
package struct Color: Hashable, Sendable {
  /// 0 for the terminal's own, else the palette's index and one.
  private let code: UInt16

  private init(code: UInt16) {
    self.code = code
  }

  /// The terminal's own foreground or background.
  package static let standard = Color(code: 0)

  /// 0-7 the plain colours, 8-15 their bright forms, 16-231 a cube of 6 by 6 by 6, 232-255 greys.
  package static func palette(_ index: UInt8) -> Color {
    Color(code: UInt16(index) + 1)
  }

  /// The palette's index, or nil for the terminal's own.
  package var index: UInt8? {
    code == 0 ? nil : UInt8(truncatingIfNeeded: code - 1)
  }
}
