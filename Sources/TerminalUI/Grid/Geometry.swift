/// A rectangle of cells; it may lie partly or completely outside of the surface.
package struct Rect: Hashable, Sendable {
  package let x: Int
  package let y: Int
  /// 0 to 1,048,576 cells.
  package let width: Int
  package let height: Int

  /// Coordinates beyond ±1,048,576 and sizes beyond 0 to 1,048,576 become the nearest value in range, so that sums of
  /// them cannot overflow.
  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = Self.bounded(x)
    self.y = Self.bounded(y)
    self.width = max(0, Self.bounded(width))
    self.height = max(0, Self.bounded(height))
  }

  package init(_ size: Size) { self.init(x: 0, y: 0, width: size.width, height: size.height) }

  /// The first column to the right of the rectangle, which it does not contain.
  package var maxX: Int { x + width }

  /// The first row below the rectangle, which it does not contain.
  package var maxY: Int { y + height }

  package var isEmpty: Bool { width == 0 || height == 0 }

  package func contains(_ point: Point) -> Bool { (x..<maxX).contains(point.x) && (y..<maxY).contains(point.y) }

  /// The area that is in both rectangles; an empty rectangle when there is none.
  package func intersection(_ other: Rect) -> Rect {
    let (left, top) = (max(x, other.x), max(y, other.y))
    return Rect(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  /// The rectangle reduced by `horizontally` columns on the left and on the right, and by `vertically` rows at the top
  /// and at the bottom. Negative numbers extend it; a side that would become negative is 0.
  package func inset(horizontally: Int, vertically: Int) -> Rect {
    Rect(x: x + horizontally, y: y + vertically, width: width - 2 * horizontally, height: height - 2 * vertically)
  }

  /// A rectangle of the given size in the middle of this one, reduced where it would be larger than this one.
  package func centered(width: Int, height: Int) -> Rect {
    let (width, height) = (min(max(0, width), self.width), min(max(0, height), self.height))
    return Rect(x: x + (self.width - width) / 2, y: y + (self.height - height) / 2, width: width, height: height)
  }

  static func bounded(_ value: Int) -> Int { min(max(-1 << 20, value), 1 << 20) }
}

/// The position of a cell: column from the left, row from the top, both from 0.
package struct Point: Hashable, Sendable {
  package var x: Int
  package var y: Int

  package init(x: Int, y: Int) { (self.x, self.y) = (x, y) }
}

/// A size in terminal cells.
package struct Size: Hashable, Sendable {
  /// 0 to 4,096: no terminal is larger, and sums cannot overflow.
  package let width: Int
  /// 0 to 4,096.
  package let height: Int

  /// Values out of range become the nearest value in range.
  package init(width: Int, height: Int) {
    self.width = min(max(0, width), Self.limit)
    self.height = min(max(0, height), Self.limit)
  }

  static let limit = 4096
}
