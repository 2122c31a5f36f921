/// What each kind of thing on the screen looks like: views ask for the role, never for a colour.
package struct Theme: Hashable, Sendable {
  /// Everything that has no role of its own.
  package let text: Style
  /// What may be overlooked: units, explanations, what is out of use.
  package let dim: Style
  /// What should be seen first.
  package let accent: Style
  /// Headings and the names in borders.
  package let title: Style
  /// The key in a hint such as "q quit".
  package let key: Style
  /// Finished, intact.
  package let good: Style
  /// Stalled, waiting, nearly full.
  package let warning: Style
  /// Failed.
  package let bad: Style
  /// The part of a bar that is on disk.
  package let barStored: Style
  /// The part of a bar that has arrived and is not on disk yet.
  package let barReceived: Style
  /// The part of a bar that is to come.
  package let barTrack: Style
  package let border: Style
  /// The border of what the keys go to.
  package let borderFocused: Style
  /// Laid over the selected row with ``Surface/highlight(_:_:)``.
  package let selection: Style
  /// Whether stored and received differ in colour.
  let hasColor: Bool

  /// The theme as a terminal with so many colours can show it.
  package init(_ name: ThemeName, tier: ColorTier) {
    let palette = Palette.of(name, tier: tier)
    func style(_ index: UInt8?, _ attributes: Attributes = []) -> Style {
      Style(foreground: Color(palette: index), background: Color(palette: palette.background), attributes)
    }
    hasColor = palette.accent != nil
    let dimmed: Attributes = palette.dim == nil ? .dim : []
    let stressed: Attributes = hasColor ? [] : .bold
    text = style(palette.text)
    dim = style(palette.dim, dimmed)
    accent = style(palette.accent, stressed)
    title = style(palette.text, .bold)
    key = style(palette.accent, .bold)
    good = style(palette.good)
    warning = style(palette.warning, stressed)
    bad = style(palette.bad, .bold)
    barStored = style(palette.stored)
    barReceived = style(palette.received)
    barTrack = style(palette.track, dimmed)
    border = style(palette.track, dimmed)
    borderFocused = style(palette.accent, stressed)
    selection = palette.selection == nil ? Style(.reverse) : Style(background: Color(palette: palette.selection))
  }
}

/// The themes there are, in the order in which a key steps through them.
package enum ThemeName: String, CaseIterable, Sendable {
  /// For terminals with a dark background, which it leaves as it is.
  case dark
  /// Black on white, whatever the terminal's own background is.
  case light
  /// White on black with strong colours, whatever the terminal's own background is.
  case highContrast
  /// No colour at all.
  case mono
}

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
