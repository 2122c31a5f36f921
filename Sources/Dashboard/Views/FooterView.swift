import TerminalUI

/// The last line: the keys that do something now, and what happened last.
struct FooterView: Widget {
  let hints: [KeyHint]
  let last: LogEntry?
  /// Whether ``last`` is a note that the user should see now: then hints make room for it.
  var isNew = false

  private static let gap = 2
  func draw(on surface: inout Surface) {
    var x = 1
    for hint in fitting(surface.width - 1 - noteColumns(surface)) {
      x += surface.write(hint.key, x: x, y: 0, style: surface.theme.key) + 1
      x += surface.write(hint.word, x: x, y: 0, style: surface.theme.dim) + Self.gap
    }
    let room = surface.width - x - 1
    guard let last, room >= 16 else { return }
    LogLine.drawShort(last, x: x, width: room, on: &surface)
  }

  /// What is kept free for a new note: all of it, unless not even the first hint and the last two would be left.
  private func noteColumns(_ surface: Surface) -> Int {
    guard isNew, let last else { return 0 }
    let fewest = (hints.prefix(1) + hints.dropFirst().suffix(2)).reduce(0) { $0 + $1.columns + Self.gap }
    return max(0, min(LogLine.shortColumns(last, surface: surface) + Self.gap, surface.width - 1 - fewest))
  }

  /// The hints that fit. The first and the last two (help and quit, most of the time) are the last to go.
  private func fitting(_ width: Int) -> [KeyHint] {
    var hints = hints
    while !hints.isEmpty, hints.reduce(-Self.gap, { $0 + $1.columns + Self.gap }) > width {
      hints.remove(at: hints.count > 3 ? hints.count - 3 : hints.count - 1)
    }
    return hints
  }
}

/// A key and what it does now.
struct KeyHint: Hashable, Sendable {
  var key: String
  var word: String

  var columns: Int { key.columns + 1 + word.columns }
}

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
