/// Values over time as filled columns, the newest at the right edge. With one row it is a sparkline.
///
/// A braille cell shows two values side by side with four steps of height, an ASCII cell one value.
package struct Graph: Widget {
  private let values: [Double]
  private let maximum: Double?
  private let style: Style?

  /// - Parameters:
  ///   - values: oldest first; the newest that fit are shown. Negative values and NaN count as 0.
  ///   - maximum: the value that fills the height, as do larger ones; nil for the largest value shown. 0 or less
  ///     leaves the graph empty.
  ///   - style: nil for the theme's accent.
  package init(_ values: [Double], maximum: Double? = nil, style: Style? = nil) {
    (self.values, self.maximum, self.style) = (values, maximum, style)
  }

  /// The number of values that a graph of this width can show; 0 for a negative width.
  package static func capacity(columns: Int, glyphs: GlyphSet) -> Int {
    max(0, Rect.bounded(columns)) * glyphs.graph.valuesPerCell
  }

  package func draw(on surface: inout Surface) {
    let glyphs = surface.glyphs.graph
    let shown = values.suffix(Self.capacity(columns: surface.width, glyphs: surface.glyphs))
    let top = surface.height * GraphGlyphs.topLevel
    let full = maximum ?? shown.reduce(0) { max($0, $1) }
    let padding = surface.width * glyphs.valuesPerCell - shown.count
    let heights = Array(repeating: 0, count: padding) + shown.map { Self.height($0, of: full, top: top) }
    let style = style ?? surface.theme.accent
    for y in 0..<surface.height {
      let floor = (surface.height - 1 - y) * GraphGlyphs.topLevel
      for x in 0..<surface.width {
        let cell = heights[x * glyphs.valuesPerCell..<(x + 1) * glyphs.valuesPerCell]
        let glyph = glyphs.glyph(cell.lazy.map { min(max(0, $0 - floor), GraphGlyphs.topLevel) })
        surface.put(glyph, x: x, y: y, style: style)
      }
    }
  }

  /// The height of a value in steps, 0 to `top`. Rounded up, so that every value above 0 is visible.
  private static func height(_ value: Double, of full: Double, top: Int) -> Int {
    guard value > 0, full > 0 else { return 0 }
    return Int((min(1, value / full) * Double(top)).rounded(.up))
  }
}
