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
