/// A box in the middle of everything else, which it covers.
package struct Overlay {
  private let panel: Panel
  private let width: Int
  private let height: Int

  /// - Parameters:
  ///   - width: of the content in columns; what there is no space for is left out.
  ///   - height: of the content in rows.
  package init(_ panel: Panel, width: Int, height: Int) {
    self.panel = panel
    self.width = Rect.bounded(width)
    self.height = Rect.bounded(height)
  }

  /// Clears what is below it and draws its border, then `content` inside of that; on a surface too small for a border
  /// the content gets it all.
  package func draw(on surface: inout Surface, content: (inout Surface) -> Void) {
    let hasBorder = surface.width >= 8 && surface.height >= 3
    let frame = hasBorder ? surface.bounds.centered(width: width + 4, height: height + 2) : surface.bounds
    surface.hideCursor()
    surface.within(frame) { surface in
      surface.fill(surface.bounds)
      guard hasBorder else { return content(&surface) }
      surface.draw(panel, in: surface.bounds)
      surface.within(surface.bounds.inset(horizontally: 2, vertically: 1), content)
    }
  }
}
