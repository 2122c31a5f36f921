/// The heights of a list's items in rows: the same for all, or for some of them one row.
package struct ItemHeights: Hashable, Sendable {
  /// How many items the list has.
  package let count: Int
  private let tall: Int
  /// For each item how many tall ones are before it, and at the end the number of all; nil when all are tall.
  private let tallBefore: [Int]?

  /// Items of one height.
  /// - Parameter height: in rows, at least 1.
  package init(count: Int, height: Int = 1) {
    (self.count, tall, tallBefore) = (max(0, count), Self.bounded(height), nil)
  }

  /// Items of which some are tall and the others have one row.
  /// - Parameters:
  ///   - tallBefore: for each item how many tall ones are before it, and at the end the number of all.
  ///   - height: of a tall item in rows, at least 1.
  package init(tallBefore: [Int], height: Int) {
    (count, tall, self.tallBefore) = (max(0, tallBefore.count - 1), Self.bounded(height), tallBefore)
  }

  private static func bounded(_ height: Int) -> Int { min(max(1, height), 1 << 10) }

  /// The rows of all items together.
  package var total: Int { start(of: count) }

  /// How many rows are above an item; for an index beyond the last item, ``total``.
  package func start(of index: Int) -> Int {
    let index = min(max(0, index), count)
    guard let tallBefore else { return index * tall }
    return tallBefore.indices.contains(index) ? index + tallBefore[index] * (tall - 1) : 0
  }

  /// The row below an item's last one.
  package func end(of index: Int) -> Int { start(of: index + 1) }

  package func height(of index: Int) -> Int { end(of: index) - start(of: index) }

  /// The item of a row, counted from the first item's first row; nil above the first and below the last item.
  package func item(atRow row: Int) -> Int? {
    guard row >= 0, row < total else { return nil }
    return firstIndex { end(of: $0) > row }
  }

  /// How many items are visible completely in `rows` rows when `first` is at the top; at least 1.
  package func visible(from first: Int, rows: Int) -> Int {
    let bottom = start(of: first) + max(0, Rect.bounded(rows))
    return max(1, firstIndex { end(of: $0) > bottom } - first)
  }

  /// The first item that can be at the top so that the item `last` is visible completely in `rows` rows, or `last` itself
  /// where it is higher than that.
  func first(showing last: Int, rows: Int) -> Int {
    let top = end(of: last) - max(0, Rect.bounded(rows))
    return min(firstIndex { start(of: $0) >= top }, max(0, last))
  }

  /// The first index for which a condition is true that is true for all later ones too; ``count`` when there is none.
  private func firstIndex(where isTrue: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isTrue(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
