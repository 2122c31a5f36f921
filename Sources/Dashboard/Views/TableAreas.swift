import TerminalUI

/// The regions of a table in a box: titles of the columns and details of the selected row, where there is space for them.
struct TableAreas {
  let titles: Rect
  let rows: Rect
  /// With a row for a rule above the details.
  let detail: Rect

  /// Rows of the content from which on there are titles, and details.
  private static let heightOfTitles = 6
  private static let heightOfDetail = 14

  /// - Parameter rect: of the box with its border.
  init(_ rect: Rect, hasDetail: Bool) {
    let content = Panel.content(of: rect)
    let titleHeight = content.height >= Self.heightOfTitles ? 1 : 0
    let detailHeight = hasDetail && content.height >= Self.heightOfDetail ? 5 : 0
    let areas = content.rows([.fixed(titleHeight), .rest(), .fixed(detailHeight)])
    (titles, rows, detail) = (areas[0], areas[1], areas[2])
  }
}

/// The columns of a table: their titles, widths and places. The first column of a row is that of the selection mark.
struct TableColumns<Field: Hashable & Sendable> {
  struct Definition {
    let field: Field
    let title: String
    let width: Column.Width
    let priority: Int
    var alignment = Alignment.leading
  }

  private let definitions: [Definition]
  private let places: [Range<Int>?]

  /// - Parameter width: of a row, with the columns for the mark and the right margin.
  init(_ definitions: [Definition], width: Int) {
    self.definitions = definitions
    places = Column.layout(definitions.map { Column($0.width, priority: $0.priority) }, width: width - 2)
  }

  /// The columns of a field, counted from the left end of a row; nil where it is left out.
  func range(of field: Field) -> Range<Int>? {
    guard let index = definitions.firstIndex(where: { $0.field == field }), let place = places[index] else {
      return nil
    }
    return place.lowerBound + 1..<place.upperBound + 1
  }

  func drawTitles(on surface: inout Surface, in rect: Rect) {
    surface.within(rect) { surface in
      for definition in definitions { write(definition.title, definition.field, surface.theme.dim, on: &surface) }
    }
  }

  /// Writes the value of a field into the first row of the region, as far as it has space.
  func write(
    _ text: String,
    _ field: Field,
    _ style: Style,
    truncation: Truncation = .end,
    on surface: inout Surface
  ) {
    guard let range = range(of: field), let definition = definitions.first(where: { $0.field == field }) else { return }
    surface.write(
      StyledText(text, style),
      x: range.lowerBound,
      y: 0,
      width: range.count,
      alignment: definition.alignment,
      truncation: truncation
    )
  }
}
