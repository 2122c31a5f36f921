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
