/// How much of a row or a column of things one of them is to get, in cells.
package enum Extent: Sendable {
  /// So many, as long as there are any left.
  case fixed(Int)
  /// A share of what the others leave, but not less than `min`; shares go by weight.
  case rest(weight: Int = 1, min: Int = 0)

  /// The lengths that `extents` get of `total`, first come first served where it does not suffice for all.
  ///
  /// Each is 0 or more and their sum is at most `total`; with a `rest` among them it is `total`.
  package static func lengths(_ extents: [Extent], total: Int) -> [Int] {
    let total = max(0, Rect.bounded(total))
    var left = total
    var lengths = extents.map { extent in
      let length = min(left, extent.wanted)
      left -= length
      return length
    }
    var weights = extents.reduce(0) { $0 + $1.weight }
    for (index, extent) in extents.enumerated() where extent.weight > 0 {
      let share = left * extent.weight / weights
      lengths[index] += share
      left -= share
      weights -= extent.weight
    }
    return lengths
  }

  private var wanted: Int {
    switch self {
    case .fixed(let length), .rest(_, let length): max(0, length)
    }
  }

  private var weight: Int {
    if case .rest(let weight, _) = self { min(max(0, weight), 1 << 20) } else { 0 }
  }
}

extension Rect {
  /// One below the other, each as wide as this; as many as there are extents, empty where there is no space.
  package func rows(_ extents: [Extent]) -> [Rect] {
    var top = y
    return Extent.lengths(extents, total: height).map { length in
      defer { top += length }
      return Rect(x: x, y: top, width: width, height: length)
    }
  }

  /// One beside the other, each as high as this; as many as there are extents, empty where there is no space.
  package func columns(_ extents: [Extent]) -> [Rect] {
    var left = x
    return Extent.lengths(extents, total: width).map { length in
      defer { left += length }
      return Rect(x: left, y: y, width: length, height: height)
    }
  }
}

/// A column of things below each other.
package struct Column: Sendable {
  package enum Width: Sendable {
    /// Always so many cells.
    case fixed(Int)
    /// At least so many, and a share of what the others leave.
    case flexible(min: Int, weight: Int = 1)
  }

  package var width: Width
  /// When there is too little space for all columns those of the highest number go first; the lowest always stays.
  package var priority: Int

  package init(_ width: Width, priority: Int) {
    self.width = width
    self.priority = priority
  }

  /// Where each column stands in `width` cells, one cell apart; nil for those that there is no space for.
  package static func layout(_ columns: [Column], width: Int) -> [Range<Int>?] {
    let shown = fitting(columns, width: width)
    guard !shown.isEmpty else { return columns.map { _ in nil } }
    let extents = shown.map { columns[$0].extent }
    let lengths = Extent.lengths(extents, total: width - (shown.count - 1))
    var result: [Range<Int>?] = columns.map { _ in nil }
    var x = 0
    for (index, length) in zip(shown, lengths) {
      result[index] = x..<x + length
      x += length + 1
    }
    return result
  }

  /// The columns that fit, by priority, in their order.
  private static func fitting(_ columns: [Column], width: Int) -> [Int] {
    guard width > 0 else { return [] }
    let byPriority = columns.indices.sorted { (columns[$0].priority, $0) < (columns[$1].priority, $1) }
    var shown: [Int] = []
    var used = 0
    for index in byPriority {
      let needed = columns[index].minimum + (shown.isEmpty ? 0 : 1)
      // Not one of lower rank in place of one that was left out: columns should not come and go out of order.
      guard shown.isEmpty || used + needed <= width else { break }
      used += needed
      shown.append(index)
    }
    return shown.sorted()
  }

  private var minimum: Int {
    switch width {
    case .fixed(let width), .flexible(let width, _): max(0, Rect.bounded(width))
    }
  }

  private var extent: Extent {
    switch width {
    case .fixed: .fixed(minimum)
    case .flexible(_, let weight): .rest(weight: weight, min: minimum)
    }
  }
}
