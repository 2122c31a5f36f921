/// Items one below the other, each some rows high; the selected one is marked and highlighted.
package struct ItemList: Widget {
  private let count: Int
  private let itemHeight: Int
  private let scroll: Scroll
  private let isFocused: Bool
  private let item: (Int, Bool, inout Surface) -> Void

  /// - Parameters:
  ///   - count: how many items there are.
  ///   - itemHeight: rows of one item, 1 or more.
  ///   - isFocused: whether the selected item is marked.
  ///   - item: draws the item of an index, which is selected or not, into its region. The first column of the region is
  ///     the mark's: it is overwritten.
  package init(
    count: Int,
    itemHeight: Int = 1,
    scroll: Scroll,
    isFocused: Bool = true,
    item: @escaping (_ index: Int, _ isSelected: Bool, _ surface: inout Surface) -> Void
  ) {
    self.count = count
    self.itemHeight = max(1, Rect.bounded(itemHeight))
    self.scroll = scroll
    self.isFocused = isFocused
    self.item = item
  }

  /// How many items a region so many rows high shows: what ``Scroll`` calls visible.
  package static func visible(height: Int, itemHeight: Int = 1) -> Int {
    max(1, Rect.bounded(height) / max(1, itemHeight))
  }

  package func draw(on surface: inout Surface) {
    let visible = Self.visible(height: surface.height, itemHeight: itemHeight)
    let first = scroll.offset(count: count, visible: visible)
    let selected = min(scroll.selection, count - 1)
    // One more than wholly fits: what is left below shows the head of the next.
    for index in first..<max(first, min(count, first + visible + 1)) {
      let rect = Rect(x: 0, y: (index - first) * itemHeight, width: surface.width, height: itemHeight)
      let isSelected = isFocused && index == selected
      surface.within(rect) { surface in
        item(index, isSelected, &surface)
        guard isSelected else { return }
        surface.highlight(surface.bounds, surface.theme.selection)
        let mark = Rect(x: 0, y: 0, width: 1, height: surface.height)
        surface.fill(mark, with: surface.glyphs.selection, style: Self.markStyle(surface.theme))
      }
    }
  }

  /// On the selection's background, but never reversed: half a block would look like the other half.
  private static func markStyle(_ theme: Theme) -> Style {
    var style = theme.accent
    if theme.selection.background != .standard { style.background = theme.selection.background }
    return style
  }
}
