import TerminalUI

/// The last row: the keys that have an effect now, and the latest log entry.
struct FooterView: Widget {
  let hints: [KeyHint]
  /// The latest log entry; nil when there is none.
  let last: LogEntry?
  /// Whether ``last`` is a new note, for which all hints but the first and the last two are left out if necessary.
  var isNew = false

  private static let gap = 2

  /// How many columns all hints need, with a gap behind each.
  var hintColumns: Int { hints.reduce(0) { $0 + $1.columns + Self.gap } }

  func draw(on surface: inout Surface) {
    var x = 1
    for hint in fitting(surface.width - 1 - noteColumns(surface)) {
      x += surface.write(hint.key, x: x, y: 0, style: surface.theme.key) + 1
      x += surface.write(hint.text, x: x, y: 0, style: surface.theme.dim) + Self.gap
    }
    let room = surface.width - x - 1
    guard let last, room >= 16 else { return }
    let row = LogRow(entry: last, isShort: true)
    let columns = min(room, row.columns(surface))
    surface.draw(row, in: Rect(x: x + room - columns, y: 0, width: columns, height: 1))
  }

  /// The columns to keep free for a new note: those of its whole text, as far as the first and the last two hints leave
  /// them.
  private func noteColumns(_ surface: Surface) -> Int {
    guard isNew, let last else { return 0 }
    let fewest = (hints.prefix(1) + hints.dropFirst().suffix(2)).reduce(0) { $0 + $1.columns + Self.gap }
    // A gap before the note, and the margin behind it.
    let columns = LogRow(entry: last, isShort: true).columns(surface) + Self.gap + 1
    return max(0, min(columns, surface.width - 1 - fewest))
  }

  /// The hints that fit. The first and the last two, mostly help and quit, are removed last.
  private func fitting(_ width: Int) -> [KeyHint] {
    var hints = hints
    while !hints.isEmpty, hints.reduce(-Self.gap, { $0 + $1.columns + Self.gap }) > width {
      hints.remove(at: hints.count > 3 ? hints.count - 3 : hints.count - 1)
    }
    return hints
  }
}

/// A key and a short name of its current effect.
struct KeyHint: Hashable, Sendable {
  let key: String
  let text: String

  /// The hint of a row of the key table; nil for a row without one.
  init?<Action: Hashable & Sendable>(_ binding: KeyBinding<Action>, _ glyphs: GlyphSet) {
    guard let text = binding.hint, let key = binding.keys.first else { return nil }
    (self.key, self.text) = (key.label(glyphs), text)
  }

  var columns: Int { key.columns + 1 + text.columns }
}
