/// A vertical list of items; the selected one is marked and highlighted.
package struct ItemList: Widget {
  private let heights: ItemHeights
  private let scroll: Scroll
  private let isFocused: Bool
  private let item: (Int, Bool, inout Surface) -> Void

  /// - Parameters:
  ///   - isFocused: whether the selected item is marked and highlighted; otherwise no item counts as selected.
  ///   - item: draws the item at an index into its region; the mark of the selected item overwrites the region's first
  ///     column.
  package init(
    heights: ItemHeights,
    scroll: Scroll,
    isFocused: Bool = true,
    item: @escaping (_ index: Int, _ isSelected: Bool, _ surface: inout Surface) -> Void
  ) {
    (self.heights, self.scroll, self.isFocused, self.item) = (heights, scroll, isFocused, item)
  }

  /// - Parameters:
  ///   - count: number of items.
  ///   - itemHeight: rows of one item, at least 1.
  ///   - isFocused: whether the selected item is marked and highlighted; otherwise no item counts as selected.
  ///   - item: draws the item at an index, 0 to `count - 1`, into its region; the mark of the selected item overwrites
  ///     the region's first column.
  package init(
    count: Int,
    itemHeight: Int = 1,
    scroll: Scroll,
    isFocused: Bool = true,
    item: @escaping (_ index: Int, _ isSelected: Bool, _ surface: inout Surface) -> Void
  ) {
    self.init(heights: ItemHeights(count: count, height: itemHeight), scroll: scroll, isFocused: isFocused, item: item)
  }

  /// The number of items that fit completely into a region of this many rows, at least 1: the `visible` of ``Scroll``.
  package static func visible(height: Int, itemHeight: Int = 1) -> Int {
    max(1, Rect.bounded(height) / max(1, itemHeight))
  }

  package func draw(on surface: inout Surface) {
    let first = scroll.offset(heights, rows: surface.height)
    let selected = min(scroll.selection, heights.count - 1)
    let top = heights.start(of: first)
    // Rows that remain at the bottom show the top of the next item.
    for index in first..<max(first, heights.count) {
      let y = heights.start(of: index) - top
      guard y < surface.height else { return }
      let rect = Rect(x: 0, y: y, width: surface.width, height: heights.height(of: index))
      let isSelected = isFocused && index == selected
      surface.within(rect) { surface in
        item(index, isSelected, &surface)
        guard isSelected else { return }
        surface.highlight(surface.bounds, surface.theme.selection)
        let mark = Rect(x: 0, y: 0, width: 1, height: surface.height)
        // The selection's background, but never reversed colours: a reversed half block would look like the other half.
        let style = Style(background: surface.theme.selection.background).over(surface.theme.accent)
        surface.fill(mark, with: surface.glyphs.selection, style: style)
      }
    }
  }
}

/// The selected item and the scroll position of a list. A value, to be stored in a model; it does not know the list,
/// whose length is passed to each call.
package struct Scroll: Hashable, Sendable {
  /// The index of the selected item as of the last change, when the list may have been longer; 0 without items.
  package private(set) var selection: Int
  /// The index of the first visible item at the last change; ``offset(count:visible:)`` is the one to draw.
  package private(set) var offset: Int

  package init(selection: Int = 0, offset: Int = 0) {
    (self.selection, self.offset) = (max(0, selection), max(0, offset))
  }

  /// Selects the item `steps` further down (up when negative), at most the last (first) one, and scrolls until it is
  /// visible.
  /// - Parameters:
  ///   - count: number of items; 0 or more.
  ///   - visible: number of items that are visible at a time.
  package mutating func move(by steps: Int, count: Int, visible: Int) {
    // Limited first, so that a large number of pages does not overflow.
    let steps = min(max(-count, steps), count)
    select(min(selection, count) + steps, count: count, visible: visible)
  }

  /// Selects an item, or the nearest existing one, and scrolls no further than needed to make it visible.
  /// - Parameters:
  ///   - count: number of items; 0 or more.
  ///   - visible: number of items that are visible at a time.
  package mutating func select(_ index: Int, count: Int, visible: Int) {
    select(index, ItemHeights(count: count), rows: max(1, visible))
  }

  /// Selects an item, or the nearest existing one, and scrolls no further than needed to make it visible.
  /// - Parameter rows: how many rows are visible at a time.
  package mutating func select(_ index: Int, _ heights: ItemHeights, rows: Int) {
    selection = max(0, min(index, heights.count - 1))
    offset = offset(heights, rows: rows)
  }

  /// The index of the first item to draw when there are now `count` items: the selected one is visible, and no space
  /// remains at the bottom while there are items above.
  package func offset(count: Int, visible: Int) -> Int {
    offset(ItemHeights(count: count), rows: max(1, visible))
  }

  /// The same for items of these heights in a region of `rows` rows; the selected one is visible completely where it
  /// fits.
  package func offset(_ heights: ItemHeights, rows: Int) -> Int {
    let selection = max(0, min(selection, heights.count - 1))
    let nearest = min(max(offset, heights.first(showing: selection, rows: rows)), selection)
    return max(0, min(nearest, heights.first(showing: heights.count - 1, rows: rows)))
  }
}
