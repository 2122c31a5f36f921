/// The colours and attributes of a cell. Views take theirs from a ``Theme``.
package struct Style: Hashable, Sendable {
  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(foreground: Color = .standard, background: Color = .standard, _ attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  /// The terminal's own colours, no attribute.
  package static let plain = Style()

  /// This style with more attributes.
  package func adding(_ attributes: Attributes) -> Style {
    Style(foreground: foreground, background: background, self.attributes.union(attributes))
  }

  /// This style where it says something, `base` where it does not: its own colours win, attributes add up.
  package func over(_ base: Style) -> Style {
    Style(
      foreground: foreground == .standard ? base.foreground : foreground,
      background: background == .standard ? base.background : background,
      attributes.union(base.attributes)
    )
  }
}
