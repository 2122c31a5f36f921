import TerminalUI
import UploadCore

/// The titles of the columns of a pane whose uploads take one row each. That by which they are sorted is marked.
struct UploadTitles: Widget {
  let layout: UploadRowLayout
  let direction: UploadDirection
  let sort: UploadSort

  func draw(on surface: inout Surface) {
    for place in layout.rows.first ?? [] {
      surface.within(Rect(x: place.x, y: 0, width: place.width, height: 1)) { draw(place.field, on: &$0) }
    }
  }

  /// Draws the title of a field into its place, which is the region of `surface`.
  private func draw(_ field: UploadRowLayout.Field, on surface: inout Surface) {
    switch field {
    case .name: write("name", sorts: .name, at: .leading, on: &surface)
    case .mode: write("mode", at: .leading, on: &surface)
    case .percent: write("%", at: .trailing, on: &surface)
    case .sizes:
      write(direction == .incoming ? "received/size" : "sent/size", sorts: .size, at: .trailing, on: &surface)
    case .memory: write("memory", at: .trailing, on: &surface)
    case .peer: write(direction == .incoming ? "client" : "server", at: .leading, on: &surface)
    case .status:
      // Above the rate, and above the time behind it.
      let columns = min(surface.width, Figures.rateColumns)
      surface.within(Rect(x: 0, y: 0, width: columns, height: 1)) {
        write("rate", sorts: .rate, at: .trailing, on: &$0)
      }
      surface.within(Rect(x: columns, y: 0, width: surface.width - columns, height: 1)) {
        write("left", sorts: .timeLeft, at: .trailing, on: &$0)
      }
    // The bar explains itself; the others are not in the first row.
    case .bar, .state, .note, .spark, .peak, .outcome: break
    }
  }

  /// - Parameter order: that which sorts by this column.
  private func write(
    _ title: String,
    sorts order: UploadSort? = nil,
    at alignment: Alignment,
    on surface: inout Surface
  ) {
    let isSorted = order == sort
    let mark = isSorted ? (surface.glyphs.isUnicode ? "▾" : "v") : ""
    let style = isSorted ? surface.theme.accent : surface.theme.dim
    surface.write(StyledText(title + mark, style), x: 0, y: 0, width: surface.width, alignment: alignment)
  }
}
