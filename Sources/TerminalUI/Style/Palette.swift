/// The colours a ``Theme`` is made of.
struct Palette {
  var text = Color.standard
  var background = Color.standard
  var dim = Color.standard
  var accent = Color.standard
  var good = Color.standard
  var warning = Color.standard
  var bad = Color.standard
  var stored = Color.standard
  var received = Color.standard
  /// Bars to come, and borders.
  var track = Color.standard
  /// The background of a selected row; reversed when nil.
  var selection: Color?
  /// Where no colour is darker than the others, dimness is an attribute.
  var dimIsAttribute = true
  var hasColor = false

  init(_ name: ThemeName, tier: ColorTier) {
    guard tier != .mono, name != .mono else { return }
    hasColor = true
    switch tier {
    case .mono: break
    case .colors8: setColors8(name)
    case .colors16: setColors16(name)
    case .colors256: setColors256(name)
    }
  }

  /// Above 15 the colours are the same on every terminal, so contrast can be relied on: every text has at least 4.5:1 on
  /// its background and on the selection's.
  private mutating func setColors256(_ name: ThemeName) {
    dimIsAttribute = false
    switch name {
    case .dark, .mono:
      set(dim: 248, accent: 75, good: 114, warning: 221, bad: 210, stored: 75, received: 25, track: 240)
      selection = .palette(237)
    case .light:
      set(dim: 240, accent: 25, good: 22, warning: 94, bad: 160, stored: 25, received: 110, track: 248)
      text = .palette(16)
      background = .palette(231)
      selection = .palette(255)
    case .highContrast:
      set(dim: 252, accent: 51, good: 46, warning: 226, bad: 210, stored: 231, received: 39, track: 250)
      text = .palette(231)
      background = .palette(16)
    }
  }

  /// These are the user's own colours: only their names are known.
  private mutating func setColors16(_ name: ThemeName) {
    dimIsAttribute = false
    switch name {
    case .dark, .mono:
      set(dim: 8, accent: 14, good: 10, warning: 11, bad: 9, stored: 14, received: 4, track: 8)
    case .light:
      // Of the plain colours only blue, red and magenta are dark enough on white.
      set(dim: 0, accent: 4, good: 4, warning: 5, bad: 1, stored: 4, received: 6, track: 8)
      text = .palette(0)
      background = .palette(15)
    case .highContrast:
      set(dim: 7, accent: 14, good: 10, warning: 11, bad: 9, stored: 15, received: 14, track: 7)
      text = .palette(15)
      background = .palette(0)
    }
  }

  private mutating func setColors8(_ name: ThemeName) {
    switch name {
    case .dark, .mono:
      set(dim: nil, accent: 6, good: 2, warning: 3, bad: 1, stored: 6, received: 4, track: nil)
    case .light:
      // White is a light grey here: magenta is too light on it.
      set(dim: 0, accent: 4, good: 4, warning: 1, bad: 1, stored: 4, received: 6, track: 0)
      dimIsAttribute = false
      text = .palette(0)
      background = .palette(7)
    case .highContrast:
      // Red is too dark on black; bold tells it from a warning.
      set(dim: 7, accent: 6, good: 2, warning: 3, bad: 3, stored: 7, received: 6, track: 7)
      dimIsAttribute = false
      text = .palette(7)
      background = .palette(0)
    }
  }

  private mutating func set(
    dim: UInt8?,
    accent: UInt8,
    good: UInt8,
    warning: UInt8,
    bad: UInt8,
    stored: UInt8,
    received: UInt8,
    track: UInt8?
  ) {
    self.dim = dim.map { .palette($0) } ?? .standard
    self.accent = .palette(accent)
    self.good = .palette(good)
    self.warning = .palette(warning)
    self.bad = .palette(bad)
    self.stored = .palette(stored)
    self.received = .palette(received)
    self.track = track.map { .palette($0) } ?? .standard
  }
}
