import TerminalUI

/// The last line: the keys that do something now, and what happened last.
struct FooterView: Widget {
  let hints: [KeyHint]
  let last: LogEntry?

  private static let gap = 2

  func draw(on surface: inout Surface) {
    var x = 1
    for hint in hints {
      let columns = hint.key.columns + 1 + hint.word.columns
      guard x + columns <= surface.width else { break }
      x += surface.write(hint.key, x: x, y: 0, style: surface.theme.key) + 1
      x += surface.write(hint.word, x: x, y: 0, style: surface.theme.dim) + Self.gap
    }
    let room = surface.width - x - 1
    guard let last, room >= 16 else { return }
    surface.write(LogLine.short(last, on: surface), x: x, y: 0, width: room, alignment: .trailing)
  }
}

/// A key and what it does now.
struct KeyHint: Hashable, Sendable {
  var key: String
  var word: String
}
