/// The requested width or height, in cells, of one of several adjacent areas.
package enum Extent: Sendable {
  /// This length in cells, or what earlier areas leave if that is less; a negative length counts as 0.
  case fixed(Int)
  /// `min` cells, or what earlier areas leave if that is less; and a share, in proportion to `weight`, of the space
  /// that all minimum and fixed lengths leave.
  case rest(weight: Int = 1, min: Int = 0)

  /// The same as ``rest(weight:min:)``, for columns of a table.
  package static func flexible(min: Int, weight: Int = 1) -> Extent { .rest(weight: weight, min: min) }

  /// Divides `total` cells among `extents`. Where it is too small for all minimum and fixed lengths, the first ones get
  /// theirs, and later ones what remains.
  /// - Parameter total: a negative number counts as 0, one above 1,048,576 as that.
  /// - Returns: a length for each, 0 or more; their sum is at most `total`, and equal to it if one of them is a `rest`
  ///   with a weight above 0.
  package static func lengths(_ extents: [Extent], total: Int) -> [Int] {
    let total = max(0, Rect.bounded(total))
    var left = total
    var lengths = extents.map { extent in
      let length = min(left, extent.minimum)
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

  fileprivate var minimum: Int {
    switch self {
    case .fixed(let length), .rest(_, let length): max(0, Rect.bounded(length))
    }
  }

  private var weight: Int { if case .rest(let weight, _) = self { min(max(0, weight), 1 << 20) } else { 0 } }
}

extension Rect {
  /// Splits the rectangle into rows, one for each extent; empty ones where there is no space.
  package func rows(_ extents: [Extent]) -> [Rect] {
    var top = y
    return Extent.lengths(extents, total: height).map { length in
      defer { top += length }
      return Rect(x: x, y: top, width: width, height: length)
    }
  }

  /// Splits the rectangle into columns, one for each extent; empty ones where there is no space.
  package func columns(_ extents: [Extent]) -> [Rect] {
    var left = x
    return Extent.lengths(extents, total: width).map { length in
      defer { left += length }
      return Rect(x: left, y: y, width: length, height: height)
    }
  }
}

/// A column of a table.
package struct Column: Sendable {
  package typealias Width = Extent

  package var width: Width
  /// When there is too little space for all columns, those with the highest number are left out first; the one with the
  /// lowest is shown at any width above 0, if necessary narrower.
  package var priority: Int

  package init(_ width: Width, priority: Int) { (self.width, self.priority) = (width, priority) }

  /// The cells of each column within `width` cells, counted from 0, with one free cell between columns; nil for columns
  /// that do not fit, and for all when `width` is 0 or less.
  package static func layout(_ columns: [Column], width: Int) -> [Range<Int>?] {
    let shown = fitting(columns, width: width)
    let lengths = Extent.lengths(shown.map { columns[$0].width }, total: width - (shown.count - 1))
    var result = [Range<Int>?](repeating: nil, count: columns.count)
    var x = 0
    for (index, length) in zip(shown, lengths) {
      result[index] = x..<x + length
      x += length + 1
    }
    return result
  }

  /// The indices of the columns that fit, chosen by priority, in ascending order.
  private static func fitting(_ columns: [Column], width: Int) -> [Int] {
    guard width > 0 else { return [] }
    let byPriority = columns.indices.sorted { (columns[$0].priority, $0) < (columns[$1].priority, $1) }
    var shown: [Int] = []
    var used = 0
    for index in byPriority {
      let needed = columns[index].width.minimum + (shown.isEmpty ? 0 : 1)
      // A narrow column of lower rank must not replace a wide one: columns appear in the order of their rank.
      guard shown.isEmpty || used + needed <= width else { break }
      used += needed
      shown.append(index)
    }
    return shown.sorted()
  }
}
