import TerminalUI
import Testing

@Suite struct BarStyleTests {
  /// A bar ten cells wide, three quarters received and half stored.
  private func bar(_ style: BarStyle, _ glyphs: GlyphSet = .unicode, tier: ColorTier = .colors256) -> Surface {
    var surface = Surface.test(width: 10, height: 1, glyphs: glyphs.with(bar: style), tier: tier)
    surface.draw(Gauge(received: 0.75, stored: 0.5), in: surface.bounds)
    return surface
  }

  @Test(arguments: [
    (BarStyle.block, "███████▌──"), (.thin, "━━━━━━━╾──"), (.ascii, "#####==---"),
  ])
  func eachIsDrawnWithItsOwnCharacters(_ style: BarStyle, _ text: String) {
    #expect(bar(style).text(ofRow: 0) == text)
  }

  @Test func aThinBarTellsStoredFromReceivedByColour() {
    let surface = bar(.thin)
    let styles = surface.row(0).map(\.style)
    #expect(styles[..<5].allSatisfy { $0 == surface.theme.barStored })
    #expect(styles[5..<8].allSatisfy { $0 == surface.theme.barReceived })
  }

  @Test func aThinBarTellsStoredFromReceivedWithoutColour() {
    #expect(bar(.thin, tier: .mono).text(ofRow: 0) == "━━━━━╍╍───")
  }

  @Test(arguments: BarStyle.allCases) func aTerminalWithoutUnicodeGetsASCII(_ style: BarStyle) {
    #expect(bar(style, .ascii).text(ofRow: 0) == "#####==---")
  }

  @Test func theStylesFollowOneAnotherInACircle() {
    #expect(BarStyle.allCases.map(\.next) == [.thin, .ascii, .block])
  }
}
