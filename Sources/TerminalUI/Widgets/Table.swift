/// Rows of text in columns, under a row of titles. Only the rows that are seen are asked for.
package struct Table: Widget {
  private let columns: [Column]
  private let count: Int
  private let scroll: Scroll
  private let isFocused: Bool
  private let hasTitles: Bool
  private let row: (Int) -> [StyledText]

  /// - Parameters:
  ///   - count: how many rows there are.
  ///   - isFocused: whether the selected row is marked.
  ///   - hasTitles: whether the first row of the region shows the columns' titles.
  ///   - row: the cells of a row, one for each column.
  package init(
    columns: [Column],
    count: Int,
    scroll: Scroll,
    isFocused: Bool = true,
    hasTitles: Bool = true,
    row: @escaping (Int) -> [StyledText]
  ) {
    self.columns = columns
    self.count = count
    self.scroll = scroll
    self.isFocused = isFocused
    self.hasTitles = hasTitles
    self.row = row
  }

  package func draw(on surface: inout Surface) {
    // The first column of cells is the selection mark's.
    let layout = Column.layout(columns, width: surface.width - 1)
    let titles = hasTitles && surface.height > 1 ? 1 : 0
    if titles > 0 {
      write(columns.map { StyledText($0.title) }, layout: layout, style: surface.theme.dim, y: 0, on: &surface)
    }
    let list = ItemList(count: count, scroll: scroll, isFocused: isFocused) { index, _, surface in
      write(row(index), layout: layout, style: surface.theme.text, y: 0, on: &surface)
    }
    surface.draw(list, in: Rect(x: 0, y: titles, width: surface.width, height: surface.height - titles))
  }

  private func write(
    _ cells: [StyledText],
    layout: [Range<Int>?],
    style: Style,
    y: Int,
    on surface: inout Surface
  ) {
    for (index, cell) in cells.prefix(columns.count).enumerated() {
      guard let place = layout[index] else { continue }
      surface.write(
        cell,
        x: place.lowerBound + 1,
        y: y,
        width: place.count,
        style: style,
        alignment: columns[index].alignment,
        truncation: columns[index].truncation
      )
    }
  }
}
