import TerminalUI
import Testing

@Suite struct GaugeTests {
  /// A bar ten cells wide, three quarters received and half stored.
  private func bar(_ style: BarStyle, _ glyphs: GlyphSet = .unicode, tier: ColorTier = .colors256) -> Surface {
    var surface = Surface.test(width: 10, height: 1, glyphs: glyphs.with(bar: style), tier: tier)
    surface.draw(Gauge(received: 0.75, stored: 0.5), in: surface.bounds)
    return surface
  }

  @Test(arguments: [
    (BarStyle.block, "███████▌──"), (.thin, "━━━━━━━╾──"), (.ascii, "#####==---"),
  ])
  func `in Unicode a bar of each style is drawn with the characters of that style`(_ style: BarStyle, _ text: String) {
    #expect(bar(style).text(ofRow: 0) == text)
  }

  @Test func `a thin bar shows stored and received in two colours`() {
    let surface = bar(.thin)
    let styles = surface.row(0).map(\.style)
    #expect(styles[..<5].allSatisfy { $0 == surface.theme.barStored })
    #expect(styles[5..<8].allSatisfy { $0 == surface.theme.barReceived })
  }

  @Test func `without colours a thin bar shows stored and received cells as different characters`() {
    #expect(bar(.thin, tier: .mono).text(ofRow: 0) == "━━━━━╍╍───")
  }

  @Test(arguments: BarStyle.allCases)
  func `in ASCII a bar of any style is drawn with ASCII characters`(_ style: BarStyle) {
    #expect(bar(style, .ascii).text(ofRow: 0) == "#####==---")
  }

  @Test func `stepping through the styles returns to the first`() {
    #expect(BarStyle.allCases.map(\.next) == [.thin, .ascii, .block])
  }

  // MARK: Values

  private func text(
    _ gauge: Gauge,
    width: Int = 10,
    glyphs: GlyphSet = .unicode,
    tier: ColorTier = .colors256
  ) -> String {
    var surface = Surface.test(width: width, height: 1, glyphs: glyphs, tier: tier)
    surface.draw(gauge, in: surface.bounds)
    return surface.text(ofRow: 0)
  }

  @Test(arguments: [
    (0.0, "──────────"), (0.01, "──────────"), (0.0126, "▏─────────"), (0.5, "█████─────"), (0.999, "█████████▉"),
    (1.0, "██████████"), (7.0, "██████████"), (-1.0, "──────────"), (Double.nan, "──────────"),
    (Double.infinity, "██████████"),
  ])
  func `parts are rounded down to eighths of a cell, so that only a complete bar is full`(part: Double, bar: String) {
    #expect(text(Gauge(received: part, stored: part)) == bar)
  }

  @Test func `the stored part is never larger than the received part`() {
    var surface = Surface.test(width: 8, height: 1)
    surface.draw(Gauge(received: 0.5, stored: 1), in: surface.bounds)
    let styles = surface.row(0).map(\.style)
    #expect(styles[..<4].allSatisfy { $0 == surface.theme.barStored })
    #expect(styles[4...].allSatisfy { $0 == surface.theme.barTrack })
  }

  @Test func `in a block bar a cell shared by both shades has the received shade as background`() {
    var surface = Surface.test(width: 4, height: 1)
    surface.draw(Gauge(received: 1, stored: 0.375), in: surface.bounds)
    let cell = Array(surface.row(0))[1]
    #expect(cell.text == "▌")
    #expect(cell.style.foreground == surface.theme.barStored.foreground)
    #expect(cell.style.background == surface.theme.barReceived.foreground)
  }

  @Test(arguments: [
    (0, "███───────"), (1, "─███──────"), (7, "───────███"), (8, "──────███─"),
    (14, "███───────"), (-1, "─███──────"),
  ])
  func `an upload of unknown length has a segment that moves back and forth`(tick: Int, bar: String) {
    #expect(text(Gauge(tick: tick)) == bar)
  }

  @Test func `a bar of unknown length accepts extreme ticks at widths of 0 to 6, and in ASCII has equals signs`() {
    for width in 0...6 {
      for tick in [Int.min, -7, 0, 5, Int.max] { #expect(text(Gauge(tick: tick), width: width).count == width) }
    }
    #expect(text(Gauge(tick: 0), glyphs: .ascii, tier: .mono) == "===-------")
  }
}
