import TerminalUI
import Testing

@Suite struct GraphTests {
  private func drawn(
    _ values: [Double],
    _ width: Int,
    _ height: Int,
    maximum: Double? = nil,
    glyphs: GlyphSet = .ascii
  ) -> String {
    var surface = Surface.test(width: width, height: height, glyphs: glyphs)
    surface.draw(Graph(values, maximum: maximum), in: surface.bounds)
    return surface.text
  }

  @Test func `braille shows two values in a cell, each in four steps, as a curve that joins its neighbours`() {
    #expect(drawn([0, 1, 2, 3, 4], 3, 1, maximum: 4, glyphs: .unicode) == " ⡠⠊\n")
    #expect(drawn([1, 0, 0, 1], 2, 1, glyphs: .unicode) == "⠁⢸\n")
    #expect(drawn([4, 4, 4, 4, 4, 4], 3, 1, maximum: 4, glyphs: .unicode) == "⠉⠉⠉\n", "a steady rate is level")
  }

  @Test func `ASCII shows one value in a cell`() {
    #expect(drawn([0, 1, 2, 3, 4], 5, 1) == " _-=^\n")
  }

  @Test func `higher values are in the rows above, and the area below them is shaded lightly`() {
    #expect(drawn([2, 4, 6, 8], 4, 2, maximum: 8) == "  -^\n-^..\n")
    #expect(drawn([8, 8, 8, 8], 2, 3, maximum: 8, glyphs: .unicode) == "⠉⠉\n⠄⠄\n⠄⠄\n")
  }

  @Test func `the shade has the style of a bar's empty part and the line the accent`() {
    var surface = Surface.test(width: 1, height: 2)
    surface.draw(Graph([1, 1]), in: surface.bounds)
    #expect(surface.row(0).first?.style == surface.theme.accent)
    #expect(surface.row(1).first?.style == surface.theme.barTrack)
  }

  @Test func `without a maximum the largest value that is shown is at the upper edge`() {
    #expect(drawn([100, 2, 4], 2, 1) == "-^\n")
    #expect(drawn([0, 0], 2, 1) == "  \n")
  }

  @Test func `values are aligned to the right, and the newest are shown`() {
    #expect(drawn([4, 4], 5, 1) == "   ^^\n")
    #expect(drawn([1, 9, 1, 1], 2, 1, maximum: 9) == "__\n")
  }

  @Test func `every value above zero is visible, and no other value`() {
    #expect(drawn([0.001, -5, .nan, 1], 4, 1, maximum: 1) == "_  ^\n")
    #expect(drawn([7, .infinity], 2, 1, maximum: 1) == "^^\n")
  }

  @Test func `the capacity is the number of values that fit`() {
    #expect(Graph.capacity(columns: 3, glyphs: .unicode) == 6)
    #expect(Graph.capacity(columns: 3, glyphs: .ascii) == 3)
    #expect(Graph.capacity(columns: -3, glyphs: .unicode) == 0)
  }

  @Test func `a graph has the theme's accent style unless another is given`() {
    var surface = Surface.test(width: 2, height: 1)
    let theme = surface.theme
    surface.draw(Graph([1, 1, 1, 1]), in: surface.bounds)
    #expect(surface.row(0).allSatisfy { $0.style == theme.accent })
    surface.draw(Graph([1, 1, 1, 1], style: theme.good), in: surface.bounds)
    #expect(surface.row(0).allSatisfy { $0.style == theme.good })
  }

  // MARK: Scale

  private static let tops: [(Double, Double)] = [
    (1, 1), (3, 5), (17.3, 20), (499, 500), (501, 1024), (1001, 1024), (0.2, 1),
  ]

  @Test func `a coarse scale ends at 1, 2 or 5 in a decade of the unit`() {
    for (value, top) in Self.tops {
      #expect(GraphScale.top(of: value, .coarse) == top, "\(value) B")
      let (kibibytes, end) = (value * 1024, top * 1024)
      #expect(value < 1 || GraphScale.top(of: kibibytes, .coarse) == end, "\(value) KiB")
    }
    for value in [0, -4, Double.nan, .infinity] { #expect(GraphScale.top(of: value, .coarse) == 0) }
  }

  @Test func `a fine scale is never below the value, and at most a quarter above half of it`() {
    for step in 1...4000 {
      let value = Double(step) * 1_300_000
      let top = GraphScale.top(of: value, .fine)
      #expect(top >= value && top <= value * 1.34, "\(value)")
    }
  }
}
