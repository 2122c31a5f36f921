/// A box with titles in its upper and lower border. It draws the border only, not the content.
///
/// With one row it is a horizontal rule with titles.
package struct Panel: Widget {
  /// The text at the left of the upper border; ends in an ellipsis where it does not fit.
  package var title: StyledText
  /// The text at the right of the upper border; omitted where it does not fit beside the whole title.
  package var trailing: StyledText
  /// The text at the left of the lower border; ends in an ellipsis where it does not fit.
  package var footer: StyledText
  /// Whether its content has the keyboard focus, which changes the style of the border.
  package var isFocused: Bool

  package init(_ title: StyledText = "", trailing: StyledText = "", footer: StyledText = "", isFocused: Bool = false) {
    (self.title, self.trailing, self.footer, self.isFocused) = (title, trailing, footer, isFocused)
  }

  /// The part of a panel's rectangle inside of the border; empty when it is too small.
  package static func content(of rect: Rect) -> Rect { rect.inset(horizontally: 1, vertically: 1) }

  package func draw(on surface: inout Surface) {
    let style = isFocused ? surface.theme.borderFocused : surface.theme.border
    drawBox(on: &surface, style: style)
    let theme = surface.theme
    // A corner, one cell of border and a space on both sides; between two titles a space, border and a space.
    var free = surface.width - 6
    if !trailing.isEmpty, title.columns + trailing.columns + (title.isEmpty ? 0 : 3) <= free {
      let columns = trailing.columns
      drawTitle(trailing, x: surface.width - 4 - columns, y: 0, width: columns, style: theme.dim, on: &surface)
      free -= columns + 3
    }
    drawTitle(title, x: 2, y: 0, width: free, style: theme.title, on: &surface)
    if surface.height > 1 {
      let bottom = surface.height - 1
      drawTitle(footer, x: 2, y: bottom, width: surface.width - 6, style: theme.dim, on: &surface)
    }
  }

  private func drawBox(on surface: inout Surface, style: Style) {
    let (width, height) = (surface.width, surface.height)
    let (right, bottom) = (width - 1, height - 1)
    let border = surface.glyphs.border
    surface.fill(Rect(x: 0, y: 0, width: width, height: 1), with: border.horizontal, style: style)
    guard height > 1 else { return }
    surface.fill(Rect(x: 0, y: bottom, width: width, height: 1), with: border.horizontal, style: style)
    surface.fill(Rect(x: 0, y: 0, width: 1, height: height), with: border.vertical, style: style)
    surface.fill(Rect(x: right, y: 0, width: 1, height: height), with: border.vertical, style: style)
    for (corner, place) in zip(border.corners, [(0, 0), (right, 0), (0, bottom), (right, bottom)]) {
      surface.put(corner, x: place.0, y: place.1, style: style)
    }
  }

  /// Draws a title with a space on both sides, the first one at `x`.
  private func drawTitle(_ text: StyledText, x: Int, y: Int, width: Int, style: Style, on surface: inout Surface) {
    guard !text.isEmpty, width > 0 else { return }
    let columns = min(width, text.columns)
    surface.fill(Rect(x: x, y: y, width: columns + 2, height: 1))
    surface.write(text, x: x + 1, y: y, width: columns, style: style)
  }
}

/// A box in the middle of a surface that covers everything drawn there before.
package struct Overlay {
  private let panel: Panel
  private let width: Int
  private let height: Int

  /// - Parameters:
  ///   - width: columns of the content, without border; reduced to the surface.
  ///   - height: rows of the content, without border; reduced to the surface.
  package init(_ panel: Panel, width: Int, height: Int) {
    (self.panel, self.width, self.height) = (panel, Rect.bounded(width), Rect.bounded(height))
  }

  /// The space for the content on a surface of `size`.
  package static func room(on size: Size) -> Size {
    hasBorder(size) ? Size(width: size.width - 4, height: size.height - 2) : size
  }

  private static func hasBorder(_ size: Size) -> Bool { size.width >= 8 && size.height >= 3 }

  /// Hides the cursor, clears the box, and draws the border and the content inside. On a surface below 8 columns or 3
  /// rows there is no border, and the content fills the surface.
  package func draw(on surface: inout Surface, content: (inout Surface) -> Void) {
    let hasBorder = Self.hasBorder(Size(width: surface.width, height: surface.height))
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
