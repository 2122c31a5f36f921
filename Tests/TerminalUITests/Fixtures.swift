import TerminalUI

extension Surface {
  /// A surface in the dark theme with all colours.
  static func test(width: Int, height: Int, glyphs: GlyphSet = .unicode, tier: ColorTier = .colors256) -> Surface {
    Surface(size: Size(width: width, height: height), theme: Theme(.dark, tier: tier), glyphs: glyphs)
  }
}
