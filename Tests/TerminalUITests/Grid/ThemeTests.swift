import TerminalUI
import Testing
import UploadTestSupport

/// Text must be readable on the background that a theme paints, or that it is for.
@Suite struct ThemeTests {
  /// Least contrast of text (WCAG 2.2, success criterion 1.4.3).
  private static let least = 4.5

  private struct Case: CustomStringConvertible {
    var name: ThemeName
    var tier: ColorTier
    var description: String { "\(name) \(tier)" }
  }

  /// Every theme on every terminal; those without colours have the terminal's own, on which nothing can be computed.
  private static let cases = ThemeName.allCases.flatMap { name in
    [ColorTier.mono, .colors8, .colors16, .colors256].map { Case(name: name, tier: $0) }
  }

  @Test(arguments: Self.cases)
  private func `text styles have a contrast of at least 4.5 on their background and on a selected row`(_ item: Case) {
    let theme = Theme(item.name, tier: item.tier)
    let texts: [(String, Style)] = [
      ("text", theme.text), ("dim", theme.dim), ("accent", theme.accent), ("title", theme.title), ("key", theme.key),
      ("good", theme.good), ("warning", theme.warning), ("bad", theme.bad),
    ]
    let isMono = item.name == .mono || item.tier == .mono
    for (role, style) in texts {
      // Without colours all text has the terminal's own contrast: terminals draw the attribute `dim` with less.
      #expect(!style.attributes.contains(.dim), "\(role)")
      #expect((style.foreground == .standard) == isMono && (style.background == .standard) == isMono, "\(role)")
      guard let ink = Luminance.of(style.foreground) else { continue }
      for ground in [style.background, theme.selection.background].compactMap(Luminance.of) {
        let ratio = Luminance.contrast(ink, ground)
        #expect(ratio >= Self.least, "\(role): \(ratio)")
      }
    }
  }

  @Test func `a theme between other text leaves the terminal its background and the colour of text`() {
    let theme = Theme(.dark, tier: .colors256, paintsBackground: false)
    for style in [theme.text, theme.dim, theme.accent, theme.bad] { #expect(style.background == .standard) }
    #expect(theme.text.foreground == .standard && theme.accent.foreground != .standard)
  }

  @Test(arguments: [ThemeName.dark, .light, .highContrast], [ColorTier.colors8, .colors16, .colors256])
  func `in a theme with colours panel, list, gauge and graph paint every cell`(
    name: ThemeName,
    tier: ColorTier
  ) {
    let theme = Theme(name, tier: tier)
    #expect(theme.text.background != .standard && theme.text.foreground != .standard)
    var surface = Surface(size: Size(width: 40, height: 6), theme: theme, glyphs: .unicode)
    surface.draw(Panel("title", trailing: "right", footer: "footer", isFocused: true), in: surface.bounds)
    let list = ItemList(count: 2, scroll: Scroll()) { index, _, surface in
      surface.write(StyledText("plain \(index)", .plain), x: 1, y: 0)
    }
    surface.draw(list, in: Panel.content(of: surface.bounds))
    surface.draw(Gauge(received: 0.55, stored: 0.3), in: Rect(x: 2, y: 3, width: 20, height: 1))
    surface.draw(Graph([1, 2, 3]), in: Rect(x: 2, y: 4, width: 20, height: 1))
    for y in 0..<surface.size.height {
      #expect(surface.row(y).allSatisfy { $0.style.background != .standard && $0.style.foreground != .standard })
    }
  }
}

extension Luminance {
  /// Nil for the terminal's own colour.
  fileprivate static func of(_ color: Color) -> Double? { color.index.map { of(palette: $0) } }
}

@Suite struct SteppingTests {
  @Test func `stepping beyond an end continues at the other, and in an empty array returns the same element`() {
    #expect([1, 2, 3].stepping(1, from: 3) == 1 && [1, 2, 3].stepping(-1, from: 1) == 3)
    #expect([1, 2, 3].stepping(-7, from: 2) == 1)
    #expect([Int]().stepping(1, from: 5) == 5)
  }
}
