/// The colours a ``Theme`` is made of: indices of the xterm palette; nil for the terminal's own colour.
struct Palette {
  var text: UInt8?
  var background: UInt8?
  /// Nil where no colour is darker than the others: dimness is an attribute then.
  var dim: UInt8?
  var accent: UInt8?
  var good: UInt8?
  var warning: UInt8?
  var bad: UInt8?
  var stored: UInt8?
  var received: UInt8?
  /// Bars to come, and borders.
  var track: UInt8?
  /// The background of a selected row; reversed when nil.
  var selection: UInt8?
}

extension Palette {
  /// The colours of a theme where there are so many.
  static func of(_ name: ThemeName, tier: ColorTier) -> Palette {
    switch (tier, name) {
    case (.mono, _), (_, .mono): Palette()
    // Above 15 the colours are the same on every terminal, so contrast can be relied on: every text has at least 4.5:1 on
    // its background and on the selection's.
    case (.colors256, .dark):
      Palette(dim: 248, accent: 75, good: 114, warning: 221, bad: 210, stored: 75, received: 25, track: 240)
        .selected(on: 237)
    case (.colors256, .light):
      Palette(dim: 240, accent: 25, good: 22, warning: 94, bad: 160, stored: 25, received: 110, track: 248)
        .painted(16, on: 231).selected(on: 255)
    case (.colors256, .highContrast):
      Palette(dim: 252, accent: 51, good: 46, warning: 226, bad: 210, stored: 231, received: 39, track: 250)
        .painted(231, on: 16)
    // Up to 15 these are the user's own colours: only their names are known.
    case (.colors16, .dark):
      Palette(dim: 8, accent: 14, good: 10, warning: 11, bad: 9, stored: 14, received: 4, track: 8)
    case (.colors16, .light):
      // Of the plain colours only blue, red and magenta are dark enough on white.
      Palette(dim: 0, accent: 4, good: 4, warning: 5, bad: 1, stored: 4, received: 6, track: 8).painted(0, on: 15)
    case (.colors16, .highContrast):
      Palette(dim: 7, accent: 14, good: 10, warning: 11, bad: 9, stored: 15, received: 14, track: 7).painted(15, on: 0)
    case (.colors8, .dark):
      Palette(accent: 6, good: 2, warning: 3, bad: 1, stored: 6, received: 4)
    case (.colors8, .light):
      // White is a light grey here: magenta is too light on it.
      Palette(dim: 0, accent: 4, good: 4, warning: 1, bad: 1, stored: 4, received: 6, track: 0).painted(0, on: 7)
    case (.colors8, .highContrast):
      // Red is too dark on black; bold tells it from a warning.
      Palette(dim: 7, accent: 6, good: 2, warning: 3, bad: 3, stored: 7, received: 6, track: 7).painted(7, on: 0)
    }
  }

  /// The same with a text colour and a background of its own.
  private func painted(_ text: UInt8, on background: UInt8) -> Palette {
    var palette = self
    (palette.text, palette.background) = (text, background)
    return palette
  }

  private func selected(on selection: UInt8) -> Palette {
    var palette = self
    palette.selection = selection
    return palette
  }
}
