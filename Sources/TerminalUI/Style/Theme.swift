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
    let palette = Palette(name, tier: tier)
    let base = Style(foreground: palette.text, background: palette.background)
    func style(_ color: Color, _ attributes: Attributes = []) -> Style {
      Style(foreground: color, background: palette.background, attributes)
    }
    hasColor = palette.hasColor
    text = base
    dim = style(palette.dim, palette.dimIsAttribute ? .dim : [])
    accent = style(palette.accent, hasColor ? [] : .bold)
    title = base.adding(.bold)
    key = style(palette.accent, .bold)
    good = style(palette.good)
    warning = style(palette.warning, hasColor ? [] : .bold)
    bad = style(palette.bad, .bold)
    barStored = style(palette.stored)
    barReceived = style(palette.received)
    barTrack = style(palette.track, palette.dimIsAttribute ? .dim : [])
    border = style(palette.track, palette.dimIsAttribute ? .dim : [])
    borderFocused = style(palette.accent, hasColor ? [] : .bold)
    selection = palette.selection.map { Style(background: $0) } ?? Style(.reverse)
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
