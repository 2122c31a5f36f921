/// The colours and attributes of a cell. Views take theirs from a ``Theme``.
package struct Style: Hashable, Sendable {
  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(foreground: Color = .standard, background: Color = .standard, _ attributes: Attributes = []) {
    (self.foreground, self.background, self.attributes) = (foreground, background, attributes)
  }

  /// The terminal's own colours, no attribute.
  package static let plain = Style()

  /// This style with more attributes; those that it has remain.
  package func adding(_ attributes: Attributes) -> Style {
    Style(foreground: foreground, background: background, self.attributes.union(attributes))
  }

  /// This style on top of `base`: its own colours win, colours that it leaves to the terminal are those of `base`, and
  /// attributes add up.
  package func over(_ base: Style) -> Style {
    Style(
      foreground: foreground == .standard ? base.foreground : foreground,
      background: background == .standard ? base.background : background,
      attributes.union(base.attributes)
    )
  }
}

/// A colour: the terminal's own, or an entry of the xterm palette of 256.
package struct Color: Hashable, Sendable {
  /// 0 for the terminal's own colour, otherwise the palette's index plus 1. One integer, so that cells compare fast.
  private let code: UInt16

  /// - Parameter index: the palette's: 0-7 the plain colours, 8-15 their bright forms, 16-231 a cube of 6 by 6 by 6,
  ///   232-255 greys; nil for the terminal's own.
  package init(index: UInt8?) { code = index.map { UInt16($0) + 1 } ?? 0 }

  /// The palette's index; nil for the terminal's own.
  package var index: UInt8? { code == 0 ? nil : UInt8(truncatingIfNeeded: code - 1) }

  /// The terminal's own foreground or background.
  package static let standard = Color(index: nil)
}

/// Properties of a cell's character besides its colours.
package struct Attributes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let bold = Attributes(rawValue: 1)
  package static let dim = Attributes(rawValue: 2)
  package static let underline = Attributes(rawValue: 4)
  package static let reverse = Attributes(rawValue: 8)
}
