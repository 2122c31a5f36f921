import TerminalUI

/// The last line while the filter is being typed.
struct FilterLine: Widget {
  let field: TextField
  let hints: [KeyHint]

  func draw(on surface: inout Surface) {
    surface.write("/", x: 1, y: 0, style: surface.theme.key)
    let hintColumns = hints.reduce(0) { $0 + $1.columns + 2 }
    let right = surface.width >= hintColumns + 24 ? hintColumns : 0
    surface.draw(field, in: Rect(x: 2, y: 0, width: surface.width - 3 - right, height: 1))
    guard right > 0 else { return }
    let rect = Rect(x: surface.width - right, y: 0, width: right, height: 1)
    surface.draw(FooterView(hints: hints, last: nil), in: rect)
  }
}
