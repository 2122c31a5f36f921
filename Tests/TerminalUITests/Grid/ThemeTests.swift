import Glibc
import TerminalUI
import Testing

/// Text must be readable on the background that a theme paints, or that it is for.
@Suite struct ThemeTests {
  /// Least contrast of text (WCAG 2.2, success criterion 1.4.3).
  private static let least = 4.5

  private struct Case: CustomStringConvertible {
    var name: ThemeName
    var tier: ColorTier
    var description: String { "\(name) \(tier)" }
  }

  /// Every theme where its colours are known. The plain 16 are the user's own; those of themes that paint their background
  /// are judged as xterm has them.
  private static let cases =
    [ThemeName.dark, .light, .highContrast].map { Case(name: $0, tier: .colors256) }
    + [ThemeName.light, .highContrast].flatMap { name in
      [ColorTier.colors16, .colors8].map { Case(name: name, tier: $0) }
    }

  @Test(arguments: Self.cases)
  private func `text styles have a contrast of at least 4.5 on their background and on a selected row`(_ item: Case) {
    let theme = Theme(item.name, tier: item.tier)
    let texts: [(String, Style)] = [
      ("text", theme.text), ("dim", theme.dim), ("accent", theme.accent), ("title", theme.title), ("key", theme.key),
      ("good", theme.good), ("warning", theme.warning), ("bad", theme.bad),
    ]
    for (role, style) in texts {
      // Colours that a theme leaves to the terminal count as light grey on black.
      let ink = Luminance.of(style.foreground) ?? Luminance.of(palette: 7)
      let grounds = [style.background, theme.selection.background].compactMap(Luminance.of)
      for ground in grounds.isEmpty ? [0] : grounds {
        let ratio = Luminance.contrast(ink, ground)
        #expect(ratio >= Self.least, "\(role): \(ratio)")
      }
      if item.name == .dark { #expect(Luminance.contrast(ink, 0) >= Self.least, "\(role) on black") }
    }
  }

  @Test(arguments: [ThemeName.light, .highContrast], [ColorTier.colors8, .colors16, .colors256])
  func `in the light and high-contrast themes panel, list, gauge and graph give colours to every cell`(
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

/// Relative luminance and contrast (WCAG 2.2).
private enum Luminance {
  /// Nil for the terminal's own colour.
  static func of(_ color: Color) -> Double? {
    color.index.map { of(palette: $0) }
  }

  static func of(palette index: UInt8) -> Double {
    let weights = [0.2126, 0.7152, 0.0722]
    return zip(weights, components(index)).reduce(0) { sum, part in
      let value = Double(part.1) / 255
      return sum + part.0 * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4))
    }
  }

  static func contrast(_ first: Double, _ second: Double) -> Double {
    (max(first, second) + 0.05) / (min(first, second) + 0.05)
  }

  /// The palette of xterm, of which only the colours above 15 are the same everywhere.
  private static func components(_ index: UInt8) -> [UInt8] {
    let index = Int(index)
    switch index {
    case 0..<16:
      return [
        [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
        [127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0], [92, 92, 255], [255, 0, 255], [0, 255, 255],
        [255, 255, 255],
      ][index]
    case 16..<232:
      let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
      let place = index - 16
      return [steps[place / 36], steps[place / 6 % 6], steps[place % 6]]
    default: return Array(repeating: UInt8(8 + (index - 232) * 10), count: 3)
    }
  }
}

@Suite struct SteppingTests {
  @Test func `stepping beyond an end continues at the other, and in an empty array returns the same element`() {
    #expect([1, 2, 3].stepping(1, from: 3) == 1 && [1, 2, 3].stepping(-1, from: 1) == 3)
    #expect([1, 2, 3].stepping(-7, from: 2) == 1)
    #expect([Int]().stepping(1, from: 5) == 5)
  }
}
