import Basics

/// A QR code in the middle of its region, black on white whatever the theme, with a quiet zone that it draws itself.
///
/// A cell shows two modules, one above the other; in ASCII, two cells show one module.
package struct QRCodeView: Widget {
  /// Light modules around the code: 4 by the standard (ISO/IEC 18004, 9.1). Scanners read a code on a screen with 2 as
  /// well.
  private static let quietZones = [4, 2]

  private let code: QRCode

  /// - Returns: nil for a text that is too long: more than 271 bytes.
  package init?(_ text: String) {
    guard let code = QRCode(text) else { return nil }
    self.code = code
  }

  /// The cells that the code needs in `room`, with a quiet zone of four modules, or of two where there is not enough
  /// space; nil where even that does not fit, and nothing is drawn.
  package func size(in room: Size, _ glyphs: GlyphSet) -> Size? {
    Self.quietZones.lazy.map { size(quietZone: $0, glyphs) }
      .first { $0.width <= room.width && $0.height <= room.height }
  }

  /// The fewest cells in which the code is drawn.
  package func smallestSize(_ glyphs: GlyphSet) -> Size { size(quietZone: Self.quietZones.min() ?? 0, glyphs) }

  private func size(quietZone: Int, _ glyphs: GlyphSet) -> Size {
    let side = code.size + 2 * quietZone
    return glyphs.isUnicode ? Size(width: side, height: (side + 1) / 2) : Size(width: 2 * side, height: side)
  }

  package func draw(on surface: inout Surface) {
    let glyphs = surface.glyphs
    guard let size = size(in: Size(width: surface.width, height: surface.height), glyphs) else { return }
    let quietZone = ((glyphs.isUnicode ? size.width : size.height) - code.size) / 2
    surface.within(surface.bounds.centered(width: size.width, height: size.height)) { surface in
      for y in 0..<size.height {
        for x in 0..<size.width {
          if glyphs.isUnicode {
            drawHalves(x, y, quietZone, on: &surface)
          } else {
            drawHalf(x, y, quietZone, on: &surface)
          }
        }
      }
    }
  }

  /// Draws a cell with two modules: half a block for a dark one.
  private func drawHalves(_ x: Int, _ y: Int, _ quietZone: Int, on surface: inout Surface) {
    let upper = code.isDark(x - quietZone, 2 * y - quietZone)
    let lower = code.isDark(x - quietZone, 2 * y + 1 - quietZone)
    let glyph: Glyph =
      switch (upper, lower) {
      case (false, false): .space
      case (true, false): .upperHalf
      case (false, true): .lowerHalf
      case (true, true): .fullBlock
      }
    surface.put(glyph, x: x, y: y, style: surface.theme.code)
  }

  /// Draws a cell with half a module. The sign of a dark one shows in text without colours only: a cell that it fills
  /// incompletely would not be dark enough.
  private func drawHalf(_ x: Int, _ y: Int, _ quietZone: Int, on surface: inout Surface) {
    let theme = surface.theme
    if code.isDark(x / 2 - quietZone, y - quietZone) {
      surface.put(.number, x: x, y: y, style: theme.codeDark)
    } else {
      surface.put(.space, x: x, y: y, style: theme.code)
    }
  }
}

extension Glyph {
  fileprivate static let upperHalf = Glyph("▀")
  fileprivate static let lowerHalf = Glyph("▄")
  fileprivate static let fullBlock = Glyph("█")
  fileprivate static let number = Glyph("#")
}
