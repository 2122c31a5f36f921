/// The styles of all parts of the screen, by role: views use a role, never a colour.
package struct Theme: Hashable, Sendable {
  /// Everything without a role of its own.
  package let text: Style
  /// Unimportant text: units, explanations, inactive parts.
  package let dim: Style
  /// Text that should be seen first.
  package let accent: Style
  /// Headings and the names in borders.
  package let title: Style
  /// The key in a hint such as "q quit".
  package let key: Style
  /// Text about success: finished, intact.
  package let good: Style
  /// Text about what may need attention: stalled, waiting, nearly full.
  package let warning: Style
  /// Text about failures.
  package let bad: Style
  /// The part of a bar that is on disk.
  package let barStored: Style
  /// The part of a bar that is received and not on disk yet.
  package let barReceived: Style
  /// The stored and the received part of a bar that does not move.
  package let barResting: Style
  package let barRestingReceived: Style
  /// The empty part of a bar, and the shade below the line of a graph.
  package let barTrack: Style
  package let border: Style
  /// The border of the panel that has the keyboard focus.
  package let borderFocused: Style
  /// The selected row; applied with ``Surface/highlight(_:_:)``.
  package let selection: Style
  /// A QR code, black on white in every theme: many scanners do not read the reverse. Without colours it is reversed,
  /// which is dark on light where the terminal's background is dark.
  let code: Style
  /// A dark part of a QR code without a glyph that fills its cell: the colour of the glyph is that of the background.
  let codeDark: Style
  /// Whether the theme has colours, so that stored and received parts of a bar can differ in colour.
  let hasColor: Bool

  /// The theme as a terminal of the given tier can show it.
  /// - Parameter paintsBackground: false for output between other text, which has the terminal's own text colour and
  ///   background.
  package init(_ name: ThemeName, tier: ColorTier, paintsBackground: Bool = true) {
    let palette = Palette.of(name, tier: tier).painting(paintsBackground)
    func style(_ index: UInt8?, _ attributes: Attributes = []) -> Style {
      Style(foreground: Color(index: index), background: Color(index: palette.background), attributes)
    }
    hasColor = palette.accent != nil
    // Terminals draw the attribute `dim` with too little contrast for text: only borders and bars may have it.
    let dimmed: Attributes = palette.track == nil ? .dim : []
    let stressed: Attributes = hasColor ? [] : .bold
    text = style(palette.text)
    dim = style(palette.dim ?? palette.text)
    accent = style(palette.accent, stressed)
    title = style(palette.text, .bold)
    key = style(palette.accent, .bold)
    good = style(palette.good)
    warning = style(palette.warning, stressed)
    bad = style(palette.bad, .bold)
    barStored = style(palette.stored)
    barReceived = style(palette.received)
    barResting = style(palette.dim ?? palette.text)
    barRestingReceived = style(palette.track, dimmed)
    barTrack = style(palette.track, dimmed)
    border = style(palette.track, dimmed)
    borderFocused = style(palette.accent, stressed)
    code = tier.blackOnWhite.map { Style(foreground: $0, background: $1) } ?? Style(.reverse)
    codeDark = tier.blackOnWhite.map { black, _ in Style(foreground: black, background: black) } ?? .plain
    selection = palette.selection == nil ? Style(.reverse) : Style(background: Color(index: palette.selection))
  }
}

/// All themes, in the order in which a key steps through them. On a terminal without colours all look like ``mono``.
package enum ThemeName: String, CaseIterable, Sendable {
  /// Light grey on nearly black, regardless of the terminal's own background.
  case dark
  /// Black on white, regardless of the terminal's own background.
  case light
  /// White on black with strong colours, regardless of the terminal's own background.
  case highContrast
  /// The terminal's own two colours, on a dark or a light background, and attributes.
  case mono
}

/// How many colours a terminal can show.
package enum ColorTier: Sendable {
  /// None, or fewer than 8, or the user asked for none (`NO_COLOR`): attributes only.
  case mono
  case colors8
  case colors16
  case colors256

  /// The colours nearest to black and white; nil without colours.
  fileprivate var blackOnWhite: (black: Color, white: Color)? {
    switch self {
    case .mono: nil
    case .colors8: (Color(index: 0), Color(index: 7))
    case .colors16: (Color(index: 0), Color(index: 15))
    case .colors256: (Color(index: 16), Color(index: 231))
    }
  }
}

/// The colours a ``Theme`` is made of: indices of the xterm palette; nil for the terminal's own colour.
struct Palette {
  var text, background: UInt8?
  /// The colour of unimportant text; nil for that of all other text.
  var dim: UInt8?
  var accent, good, warning, bad, stored, received: UInt8?
  /// The empty part of bars, and borders; nil for the attribute `dim` instead of a colour.
  var track: UInt8?
  /// The background of a selected row; nil for reversed colours.
  var selection: UInt8?

  /// The colours of a theme on a terminal of the given tier.
  static func of(_ name: ThemeName, tier: ColorTier) -> Palette {
    switch (tier, name) {
    case (.mono, _), (_, .mono): Palette()
    // Above 15 the colours are the same on every terminal, so contrast can be relied on: every text has at least 4.5:1
    // on its background and on the selection's.
    case (.colors256, .dark):
      Palette(dim: 248, accent: 75, good: 114, warning: 221, bad: 210, stored: 75, received: 25, track: 240)
        .painted(253, on: 233, selection: 237)
    case (.colors256, .light):
      Palette(dim: 240, accent: 25, good: 22, warning: 94, bad: 160, stored: 25, received: 110, track: 248)
        .painted(16, on: 231, selection: 255)
    case (.colors256, .highContrast):
      Palette(dim: 252, accent: 51, good: 46, warning: 226, bad: 210, stored: 231, received: 39, track: 250)
        .painted(231, on: 16)
    // Up to 15 these are the user's own colours: only their names are known.
    case (.colors16, .dark):
      // Bright black is nearly the background in some schemes of colours: no text has it.
      Palette(dim: 7, accent: 14, good: 10, warning: 11, bad: 9, stored: 14, received: 4, track: 8).painted(15, on: 0)
    case (.colors16, .light):
      // Of the plain colours only blue, red and magenta are dark enough on white.
      Palette(dim: 0, accent: 4, good: 4, warning: 5, bad: 1, stored: 4, received: 6, track: 8).painted(0, on: 15)
    case (.colors16, .highContrast):
      Palette(dim: 7, accent: 14, good: 10, warning: 11, bad: 9, stored: 15, received: 14, track: 7).painted(15, on: 0)
    case (.colors8, .dark):
      // Red is too dark on black; bold tells it from a warning.
      Palette(dim: 7, accent: 6, good: 2, warning: 3, bad: 3, stored: 6, received: 4, track: 7).painted(7, on: 0)
    case (.colors8, .light):
      // White is a light grey here: magenta is too light on it.
      Palette(dim: 0, accent: 4, good: 4, warning: 1, bad: 1, stored: 4, received: 6, track: 0).painted(0, on: 7)
    case (.colors8, .highContrast):
      Palette(dim: 7, accent: 6, good: 2, warning: 3, bad: 3, stored: 7, received: 6, track: 7).painted(7, on: 0)
    }
  }

  /// The palette, or a copy without a background and a text colour of its own.
  fileprivate func painting(_ paintsBackground: Bool) -> Palette {
    paintsBackground ? self : painted(nil, on: nil, selection: selection)
  }

  /// A copy of the palette with this text colour, this background and this background of a selected row.
  private func painted(_ text: UInt8?, on background: UInt8?, selection: UInt8? = nil) -> Palette {
    var palette = self
    (palette.text, palette.background, palette.selection) = (text, background, selection)
    return palette
  }
}

extension CaseIterable where Self: Equatable {
  /// The case after this one; the first after the last.
  package var next: Self { Array(Self.allCases).stepping(1, from: self) }
}

extension Array where Element: Equatable {
  /// The element `steps` places after `element`, or before it when negative; the first follows the last. An element
  /// that is not in the array counts as its last one; for an empty array the result is `element`.
  package func stepping(_ steps: Int, from element: Element) -> Element {
    guard !isEmpty else { return element }
    let index = (firstIndex(of: element) ?? -1) + steps
    return self[(index % count + count) % count]
  }
}
