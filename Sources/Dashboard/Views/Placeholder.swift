import TerminalUI

/// A few lines in the middle of a region that has nothing else to show.
struct Placeholder: Widget {
  let lines: [StyledText]

  func draw(on surface: inout Surface) {
    let top = max(0, (surface.height - lines.count) / 2)
    for (index, line) in lines.enumerated() {
      surface.write(line, x: 1, y: top + index, width: surface.width - 2, alignment: .center)
    }
  }
}
