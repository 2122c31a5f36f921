/// Values over time as a curve, the newest at the right edge. With one row it is a sparkline; with more the area below the
/// curve is shaded lightly.
///
/// A braille cell shows two values side by side, an ASCII cell one; both have four steps of height.
package struct Graph: Widget {
  private let values: [Double]
  private let maximum: Double?
  private let style: Style?

  /// - Parameters:
  ///   - values: oldest first; the newest that fit are shown. Negative values and NaN count as 0.
  ///   - maximum: the value at the upper edge, as are larger ones; nil for the largest value shown. 0 or less leaves the
  ///     graph empty.
  ///   - style: of the curve; nil for the theme's accent.
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
    // The curve joins each value with the one before it; it does not rise from where there are no values.
    let spans = heights.indices.map { index in
      Self.span(heights[index], after: index > padding ? heights[index - 1] : heights[index])
    }
    let style = style ?? surface.theme.accent
    for x in 0..<surface.width {
      let range = x * glyphs.valuesPerCell..<(x + 1) * glyphs.valuesPerCell
      let line = heights[range].reduce(0, max)
      for y in 0..<surface.height {
        let floor = (surface.height - 1 - y) * GraphGlyphs.topLevel
        let glyph = glyphs.glyph(spans[range].map { $0.part(above: floor, steps: GraphGlyphs.topLevel) })
        let isBelow = glyph == .space && line > floor + GraphGlyphs.topLevel
        surface.put(isBelow ? glyphs.shade : glyph, x: x, y: y, style: isBelow ? surface.theme.barTrack : style)
      }
    }
  }

  /// The height of a value in steps, 0 to `top`. Rounded up, so that every value above 0 is visible.
  private static func height(_ value: Double, of full: Double, top: Int) -> Int {
    guard value > 0, full > 0 else { return 0 }
    return Int((min(1, value / full) * Double(top)).rounded(.up))
  }

  /// The steps that the curve takes at a value; none for 0.
  private static func span(_ height: Int, after previous: Int) -> Range<Int> {
    guard height > 0 else { return 0..<0 }
    return previous < height ? max(1, min(height, previous + 1))..<height + 1 : height..<max(height, previous - 1) + 1
  }
}

extension Range<Int> {
  /// The part in the `steps` above `floor`, counted from there.
  fileprivate func part(above floor: Int, steps: Int) -> Range<Int> {
    let (low, high) = (Swift.max(lowerBound - floor, 1), Swift.min(upperBound - floor, steps + 1))
    return low < high ? low..<high : 0..<0
  }
}

/// The upper edge of a graph's axis: a round number, so that it seldom changes and can be read.
package enum GraphScale {
  /// The mantissas of the upper edges, in the unit of the value: coarse for graphs that are compared, fine for a graph
  /// that fills its height.
  package enum Steps: Sendable {
    /// 1, 2 and 5.
    case coarse
    case fine

    fileprivate var mantissas: [Double] {
      switch self {
      case .coarse: [1, 2, 5, 10]
      case .fine: [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]
      }
    }
  }

  /// The least round number that is not below a value, in units of 1,024: 20 MiB for 17.3 MiB. 0 for values that are not
  /// above 0, and for invalid ones.
  package static func top(of value: Double, _ steps: Steps) -> Double {
    guard value > 0, value.isFinite else { return 0 }
    var unit = 1.0
    while value / unit > 1000, unit < 1e18 { unit *= 1024 }
    var decade = unit
    while value / decade > 10, decade < 1e21 { decade *= 10 }
    let top = (steps.mantissas.first { value <= $0 * decade } ?? 10) * decade
    // 1,000 of a unit are shown as 1 of the next.
    return top >= 1000 * unit ? 1024 * unit : top
  }
}
