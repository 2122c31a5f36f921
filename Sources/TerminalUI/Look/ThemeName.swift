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

  /// The one after this; the first after the last.
  package var next: ThemeName {
    switch self {
    case .dark: .light
    case .light: .highContrast
    case .highContrast: .mono
    case .mono: .dark
    }
  }
}
