extension Surface {
  /// Writes a text, as far as there is space in this region.
  /// - Parameter style: the theme's text style when nil.
  /// - Returns: the columns the whole text takes, so that the next one can be written behind it.
  @discardableResult
  package mutating func write(_ text: String, x: Int, y: Int, style: Style? = nil) -> Int {
    let style = style ?? theme.text
    // Most text is ASCII: a cell a byte.
    let ascii: Int?? = text.utf8.withContiguousStorageIfAvailable { bytes in
      guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
      placeASCII(bytes, style: style, x: x, y: y)
      return bytes.count
    }
    if case .some(.some(let columns)) = ascii { return columns }
    let clusters = TextClusters(text).map { StyledCluster(cluster: $0, style: style) }
    place(clusters, x: x, y: y)
    return clusters.reduce(0) { $0 + $1.cluster.width }
  }

  /// Writes a text in several styles, as far as there is space in this region.
  /// - Parameter style: what the spans' styles are laid over; the theme's text style when nil.
  /// - Returns: the columns the whole text takes.
  @discardableResult
  package mutating func write(_ text: StyledText, x: Int, y: Int, style: Style? = nil) -> Int {
    let style = style ?? theme.text
    return text.spans.reduce(0) { columns, span in
      columns + write(span.text, x: x + columns, y: y, style: span.style.over(style))
    }
  }

  /// Writes a text into exactly `width` columns: aligned when it is narrower, with an ellipsis when it is wider.
  ///
  /// Columns that it does not fill stay as they are.
  package mutating func write(
    _ text: StyledText,
    x: Int,
    y: Int,
    width: Int,
    style: Style? = nil,
    alignment: Alignment = .leading,
    truncation: Truncation = .end
  ) {
    var columns = text.columns
    if columns <= width {
      write(text, x: x + alignment.offset(of: columns, in: width), y: y, style: style)
    } else {
      let ellipsis = TextCluster(glyphs.ellipsis.scalar, width: 1)
      let fitted = truncation.fit(text.clusters(over: style ?? theme.text), columns: width, ellipsis: ellipsis)
      columns = fitted.reduce(0) { $0 + $1.cluster.width }
      place(fitted, x: x + alignment.offset(of: columns, in: width), y: y)
    }
  }
}
