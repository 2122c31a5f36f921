import CNCurses
import Glibc
import TerminalUI

/// Shows surfaces through ncurses, which sends only the differences to what is on the screen. Not to be used after the
/// terminal is closed.
struct ScreenWriter {
  let handle: OpaquePointer
  let output: Int32
  let isXtermLike: Bool
  /// The surface that was shown last; nil when the content of the screen is unknown.
  private(set) var shown: Surface?
  /// The cells of the row that was drawn last: memory that is reused for each row.
  private(set) var row: [cncurses_cell] = []

  /// Notes that the content of the screen is unknown, as after a change of its size: the next surface is sent
  /// completely.
  mutating func invalidate() { shown = nil }

  /// Shows a surface, from the upper left corner, and its cursor; sends nothing when both equal the previous ones.
  mutating func draw(_ surface: Surface) {
    // A surface of another size may leave parts of the screen uncovered.
    if surface.size != shown?.size { cncurses_clear(handle, shown == nil ? 1 : 0) }
    let previous = surface.size == shown?.size ? shown : nil
    let changed = (0..<surface.size.height).filter { y in
      previous.map { $0.row(y) != surface.row(y) } ?? true
    }
    defer { shown = surface }
    guard previous == nil || !changed.isEmpty || shown?.cursor != surface.cursor else { return }
    if isXtermLike { EscapeSequences.send(EscapeSequences.frameBegin, to: output) }
    for y in changed { draw(surface.row(y), y: y) }
    let cursor = surface.cursor ?? Point(x: -1, y: -1)
    cncurses_flush(handle, Int32(cursor.x), Int32(cursor.y))
    if isXtermLike { EscapeSequences.send(EscapeSequences.frameEnd, to: output) }
  }

  private mutating func draw(_ cells: ArraySlice<Cell>, y: Int) {
    row.removeAll(keepingCapacity: true)
    for cell in cells {
      if cell.isContinuation, !row.isEmpty {
        row[row.count - 1].width = 2
      } else {
        row.append(Self.converted(cell))
      }
    }
    cncurses_draw_row(handle, Int32(y), row, Int32(row.count))
  }

  private static func converted(_ cell: Cell) -> cncurses_cell {
    var result = cncurses_cell()
    result.scalar = cell.scalar.value
    result.width = 1
    result.foreground = cell.style.foreground.index.map { Int16($0) } ?? -1
    result.background = cell.style.background.index.map { Int16($0) } ?? -1
    // The shim has the same bits.
    result.attributes = cell.style.attributes.rawValue
    if cell.hasMarks {
      let marks = cell.marks.map(\.value) + [0, 0, 0]
      result.marks = (marks[0], marks[1], marks[2])
    }
    return result
  }
}
