import TerminalUI

/// The last line: the keys that do something now, and what happened last.
struct FooterView: Widget {
  let hints: [KeyHint]
  let last: LogEntry?

  private static let gap = 2

  func draw(on surface: inout Surface) {
    var x = 1
    for hint in fitting(surface.width - 1) {
      x += surface.write(hint.key, x: x, y: 0, style: surface.theme.key) + 1
      x += surface.write(hint.word, x: x, y: 0, style: surface.theme.dim) + Self.gap
    }
    let room = surface.width - x - 1
    guard let last, room >= 16 else { return }
    LogLine.drawShort(last, x: x, width: room, on: &surface)
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
