/// A grid of cells to draw on, with the theme and the glyphs to draw with.
///
/// Coordinates count from the upper left corner of the current region. Drawing outside of it has no effect, so widgets
/// need not check. A wide character is never split: a space replaces a half that would remain.
package struct Surface: Hashable, Sendable {
  /// The size of the whole grid, regardless of the current region.
  package let size: Size
  package let theme: Theme
  package let glyphs: GlyphSet
  /// The position of the terminal's cursor in the whole grid; nil when it is hidden.
  package private(set) var cursor: Point?
  /// Row by row, `size.width` each.
  private var cells: [Cell]
  /// Whether a wide character was ever drawn: only then writes must check for halves.
  private var hasWide = false
  /// The current region in the whole grid; it may extend beyond it.
  private var region: Rect
  /// The visible part of the region.
  private var clip: Rect

  /// A surface of spaces in the theme's text style.
  package init(size: Size, theme: Theme, glyphs: GlyphSet) {
    (self.size, self.theme, self.glyphs) = (size, theme, glyphs)
    region = Rect(size)
    clip = region
    cells = Array(repeating: Cell(" ", style: theme.text), count: size.width * size.height)
  }

  /// The current region in its own coordinates: it starts at 0, 0.
  package var bounds: Rect { Rect(x: 0, y: 0, width: region.width, height: region.height) }

  package var width: Int { region.width }
  package var height: Int { region.height }

  /// Makes `rect`, given in the current region's coordinates, the current region while `body` runs: its upper left
  /// corner is 0, 0, and drawing is clipped to it and to the outer region.
  package mutating func within(_ rect: Rect, _ body: (inout Surface) -> Void) {
    let (outerRegion, outerClip) = (region, clip)
    region = Rect(x: outerRegion.x + rect.x, y: outerRegion.y + rect.y, width: rect.width, height: rect.height)
    clip = outerClip.intersection(region)
    body(&self)
    (region, clip) = (outerRegion, outerClip)
  }

  /// Draws a widget into a rectangle of the current region, which becomes the widget's region.
  package mutating func draw(_ widget: some Widget, in rect: Rect) { within(rect) { widget.draw(on: &$0) } }

  /// Places the terminal's cursor at a position in the current region; hides it where the position is not visible.
  package mutating func placeCursor(x: Int, y: Int) {
    let point = Point(x: region.x + Rect.bounded(x), y: region.y + Rect.bounded(y))
    cursor = clip.contains(point) ? point : nil
  }

  /// Hides the terminal's cursor; call it for an overlay that covers what was drawn before.
  package mutating func hideCursor() { cursor = nil }

  /// The cells of one row of the whole grid, not of the current region: `size.width` of them; empty beyond the grid.
  package func row(_ y: Int) -> ArraySlice<Cell> {
    guard y >= 0, y < size.height else { return [] }
    return cells[y * size.width..<(y + 1) * size.width]
  }

  /// Fills a rectangle with one character, by default with spaces.
  /// - Parameter style: the theme's text style when nil.
  package mutating func fill(_ rect: Rect, with glyph: Glyph = .space, style: Style? = nil) {
    let style = style ?? theme.text
    let area = visible(rect)
    for y in area.y..<area.maxY {
      for x in area.x..<area.maxX { set(Cell(glyph.scalar, style: style), at: y * size.width + x) }
    }
  }

  /// Draws one glyph into the cell at a position in the current region.
  package mutating func put(_ glyph: Glyph, x: Int, y: Int, style: Style) {
    fill(Rect(x: x, y: y, width: 1, height: 1), with: glyph, style: style)
  }

  /// Adds a style to the cells of a rectangle after they were drawn. Its colours replace only those of the theme's text
  /// style and the terminal's own; other colours remain, and attributes add up.
  package mutating func highlight(_ rect: Rect, _ style: Style) {
    let area = visible(rect)
    for y in area.y..<area.maxY {
      for index in y * size.width + area.x..<y * size.width + area.maxX {
        cells[index].style = highlighted(cells[index].style, style)
      }
    }
  }

  /// The style `old` with `style` added, as ``highlight(_:_:)`` says. The theme's own text colour and background count
  /// as none, so that a highlight is visible on a theme that paints its background.
  private func highlighted(_ old: Style, _ style: Style) -> Style {
    let ground = old.background == theme.text.background ? Color.standard : old.background
    let ink = old.foreground == theme.text.foreground ? Color.standard : old.foreground
    let seen = Style(foreground: ink, background: ground, old.attributes)
    return seen.over(style).over(theme.text)
  }

  /// The visible part of a rectangle of this region, in the whole grid.
  private func visible(_ rect: Rect) -> Rect {
    Rect(x: region.x + rect.x, y: region.y + rect.y, width: rect.width, height: rect.height).intersection(clip)
  }

  // MARK: Cells

  /// Draws clusters from left to right, starting at a position in this region.
  mutating func place(_ clusters: some Sequence<StyledCluster>, x: Int, y: Int) {
    let y = region.y + Rect.bounded(y)
    guard y >= clip.y, y < clip.maxY else { return }
    var x = region.x + Rect.bounded(x)
    for item in clusters {
      guard x < clip.maxX else { return }
      place(item.cluster, style: item.style, x: x, rowStart: y * size.width)
      x += item.cluster.width
    }
  }

  private mutating func place(_ cluster: TextCluster, style: Style, x: Int, rowStart: Int) {
    let seen = max(x, clip.x)..<max(max(x, clip.x), min(x + cluster.width, clip.maxX))
    if cluster.width == 2, seen.count == 2 {
      hasWide = true
      set(Cell(cluster, style: style), at: rowStart + x)
      set(.continuation(style: style), at: rowStart + x + 1)
    } else {
      for x in seen {
        set(cluster.width == 1 ? Cell(cluster, style: style) : Cell(" ", style: style), at: rowStart + x)
      }
    }
  }

  /// Draws ASCII, one cell for each byte, starting at a position in this region.
  /// - Parameter bytes: printable only: 0x20 to 0x7E, which is not checked.
  mutating func placeASCII(_ bytes: UnsafeBufferPointer<UInt8>, style: Style, x: Int, y: Int) {
    let y = region.y + Rect.bounded(y)
    guard y >= clip.y, y < clip.maxY else { return }
    let start = region.x + Rect.bounded(x)
    let (first, end) = (max(start, clip.x), min(start + bytes.count, clip.maxX))
    guard first < end else { return }
    for x in first..<end { set(Cell(Unicode.Scalar(bytes[x - start]), style: style), at: y * size.width + x) }
  }

  /// Replaces a cell; all drawing passes through here. The other half of an overwritten wide character becomes a space.
  private mutating func set(_ cell: Cell, at index: Int) {
    if hasWide {
      if cells[index].isContinuation { cells[index - 1] = Cell(" ", style: cells[index - 1].style) }
      if index + 1 < cells.count, cells[index + 1].isContinuation {
        cells[index + 1] = Cell(" ", style: cells[index + 1].style)
      }
    }
    cells[index] = cell
  }
}

extension Surface {
  /// Writes a text from a position in the current region on, clipped to the region.
  /// - Parameter style: the theme's text style when nil.
  /// - Returns: the width of the whole text in columns, so that another one can be written after it.
  @discardableResult
  package mutating func write(_ text: String, x: Int, y: Int, style: Style? = nil) -> Int {
    let style = style ?? theme.text
    // Most text is ASCII: a cell for each byte.
    let ascii: Int?? = text.utf8.withContiguousStorageIfAvailable { bytes in
      guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
      placeASCII(bytes, style: style, x: x, y: y)
      return bytes.count
    }
    if case .some(.some(let columns)) = ascii { return columns }
    let clusters = TextClusters(text).map { StyledCluster(cluster: $0, style: style) }
    place(clusters, x: x, y: y)
    return clusters.reduce(0) { $0 + $1.cluster.width }
  }

  /// Writes a text in several styles from a position in the current region on, clipped to the region.
  /// - Parameter style: the style below those of the spans; the theme's text style when nil.
  /// - Returns: the width of the whole text in columns.
  @discardableResult
  package mutating func write(_ text: StyledText, x: Int, y: Int, style: Style? = nil) -> Int {
    let style = style ?? theme.text
    return text.spans.reduce(0) { columns, span in
      columns + write(span.text, x: x + columns, y: y, style: span.style.over(style))
    }
  }

  /// Writes a text into `width` columns: aligned when it is narrower, with an ellipsis when it is wider. Columns that
  /// it does not fill are not changed; nothing is written when `width` is 0 or less.
  /// - Parameter style: the style below those of the spans; the theme's text style when nil.
  package mutating func write(
    _ text: StyledText,
    x: Int,
    y: Int,
    width: Int,
    style: Style? = nil,
    alignment: Alignment = .leading,
    truncation: Truncation = .end
  ) {
    var columns = text.columns
    if columns <= width {
      write(text, x: x + alignment.offset(of: columns, in: width), y: y, style: style)
    } else {
      let ellipsis = TextCluster(glyphs.ellipsis.scalar, width: 1)
      let fitted = truncation.fit(text.clusters(over: style ?? theme.text), columns: width, ellipsis: ellipsis)
      columns = fitted.reduce(0) { $0 + $1.cluster.width }
      place(fitted, x: x + alignment.offset(of: columns, in: width), y: y)
    }
  }
}

/// A part of the screen that can draw itself into a region of any size.
package protocol Widget {
  /// Draws into the current region of `surface`, whose size may be 0.
  func draw(on surface: inout Surface)
}
