import TerminalUI

/// The filter that is being typed, in the last row of its region, with its keys where there is space for them; above it
/// what is wrong with it, or before anything is typed what it may contain.
struct FilterRow: Widget {
  let filter: TextField
  /// What is wrong with the filter; nil while it is valid.
  let problem: FilterProblem?
  /// Whether it may have fields, and is not only a text.
  let hasFields: Bool
  let hints: [KeyHint]

  /// The most rows above the filter.
  private static let limit = 4
  private static let fields = "text, name: from: to: mode: state:stalled rate<1MB/s size>1GB left<5min, - negates"

  func draw(on surface: inout Surface) {
    let bottom = surface.height - 1
    guard bottom >= 0 else { return }
    let footer = FooterView(hints: hints, last: nil)
    let right = surface.width >= footer.hintColumns + 24 ? footer.hintColumns : 0
    surface.fill(Rect(x: 0, y: bottom, width: surface.width, height: 1))
    surface.write("/", x: 1, y: bottom, style: surface.theme.key)
    surface.within(Rect(x: 2, y: bottom, width: surface.width - 3 - right, height: 1)) { surface in
      filter.draw(on: &surface, marking: problem?.range, style: surface.theme.bad)
    }
    surface.draw(footer, in: Rect(x: surface.width - right, y: bottom, width: right, height: 1))
    if let problem {
      drawAbove(problem.message, surface.theme.warning, bottom, on: &surface)
    } else if hasFields, filter.isEmpty {
      drawAbove(Self.fields, surface.theme.dim, bottom, on: &surface)
    }
  }

  private func drawAbove(_ text: String, _ style: Style, _ bottom: Int, on surface: inout Surface) {
    let limit = min(Self.limit, bottom)
    guard limit > 0, surface.width > 2 else { return }
    let rows = text.wrapped(to: surface.width - 2, limit: limit)
    for (index, row) in rows.enumerated() {
      let y = bottom - rows.count + index
      surface.fill(Rect(x: 0, y: y, width: surface.width, height: 1))
      surface.write(StyledText(row, style), x: 1, y: y, width: surface.width - 2)
    }
  }
}
