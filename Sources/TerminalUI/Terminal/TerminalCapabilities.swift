/// What a terminal can do; it does not change while it is open.
package struct TerminalCapabilities: Hashable, Sendable {
  package var colors: ColorTier
  /// Whether it shows more than ASCII: its locale is UTF-8 and its font has more than a PC's of 1981.
  package var isUnicode: Bool
  /// Whether text can be copied to the clipboard through it.
  package var hasClipboard: Bool

  package init(colors: ColorTier, isUnicode: Bool, hasClipboard: Bool) {
    self.colors = colors
    self.isUnicode = isUnicode
    self.hasClipboard = hasClipboard
  }

  /// The glyphs to draw with.
  package var glyphs: GlyphSet { isUnicode ? .unicode : .ascii }

  /// A theme as it can be shown.
  package func theme(_ name: ThemeName) -> Theme {
    Theme(name, tier: colors)
  }
}
