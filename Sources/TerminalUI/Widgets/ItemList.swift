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

/// Which of many items are seen, and which one is selected. A value: keep it in the model.
package struct Scroll: Hashable, Sendable {
  /// The selected item; 0 when there are none.
  package private(set) var selection: Int
  /// The first item that is seen.
  package private(set) var offset: Int

  package init(selection: Int = 0, offset: Int = 0) {
    self.selection = max(0, selection)
    self.offset = max(0, offset)
  }

  /// Selects the item `steps` further down (up when negative), and scrolls so that it is seen.
  package mutating func move(by steps: Int, count: Int, visible: Int) {
    // Bounded first, so that a step of a million pages does not overflow.
    let steps = min(max(-count, steps), count)
    select(min(selection, count) + steps, count: count, visible: visible)
  }

  /// Selects an item, or the nearest there is, and scrolls no further than needed for it to be seen.
  /// - Parameters:
  ///   - count: how many items there are.
  ///   - visible: how many of them are seen at a time.
  package mutating func select(_ index: Int, count: Int, visible: Int) {
    selection = max(0, min(index, count - 1))
    offset = offset(count: count, visible: visible)
  }

  /// The first item to be drawn, for however many there are by now: the selected one is among those seen, and no
  /// space is left free below while there are items above.
  package func offset(count: Int, visible: Int) -> Int {
    let visible = max(1, visible)
    let selection = max(0, min(selection, count - 1))
    let nearest = min(max(offset, selection - visible + 1), selection)
    return max(0, min(nearest, count - visible))
  }
}
