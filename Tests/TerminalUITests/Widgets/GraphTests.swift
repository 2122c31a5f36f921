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

  @Test func `braille shows two values in a cell, each in four steps`() {
    #expect(drawn([0, 1, 2, 3, 4], 3, 1, maximum: 4, glyphs: .unicode) == " ⣠⣾\n")
    #expect(drawn([1, 0, 0, 1], 2, 1, glyphs: .unicode) == "⡇⢸\n")
  }

  @Test func `ASCII shows one value in a cell`() {
    #expect(drawn([0, 1, 2, 3, 4], 5, 1) == " .:+#\n")
  }

  @Test func `higher values reach into the rows above`() {
    #expect(drawn([2, 4, 6, 8], 4, 2, maximum: 8) == "  :#\n:###\n")
  }

  @Test func `without a maximum the largest value that is shown fills the height`() {
    #expect(drawn([100, 2, 4], 2, 1) == ":#\n")
    #expect(drawn([0, 0], 2, 1) == "  \n")
  }

  @Test func `values are aligned to the right, and the newest are shown`() {
    #expect(drawn([4, 4], 5, 1) == "   ##\n")
    #expect(drawn([1, 9, 1, 1], 2, 1, maximum: 9) == "..\n")
  }

  @Test func `every value above zero is visible, and no other value`() {
    #expect(drawn([0.001, -5, .nan, 1], 4, 1, maximum: 1) == ".  #\n")
    #expect(drawn([7, .infinity], 2, 1, maximum: 1) == "##\n")
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
}
