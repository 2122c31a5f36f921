import TerminalUI

@testable import Dashboard

/// What a person reads of a dialog that scrolls: the content of the box in the middle of a frame, row after row.
enum DialogReader {
  /// The rows inside of the last border that a frame has; all of its rows without one. Without spaces, and without the
  /// arrows in the last column.
  static func rows(_ frame: Surface) -> [String] {
    let rows = frame.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    guard let top = rows.lastIndex(where: { $0.contains("╭") }), let left = rows[top].lastIndex(of: "╭"),
      let right = rows[top][left...].firstIndex(of: "╮")
    else { return rows.map(compact) }
    let start = rows[top].distance(from: rows[top].startIndex, to: left)
    let width = rows[top].distance(from: left, to: right)
    let bottom = rows.indices.dropFirst(top + 1).first { rows[$0].dropFirst(start).first == "╰" } ?? rows.count
    return rows[(top + 1)..<bottom].map { compact(String($0.dropFirst(start + 1).prefix(width - 1))) }
  }

  /// The whole text of a dialog: its rows at each scroll position, each row once.
  /// - Parameters:
  ///   - first: the first row that scrolls.
  ///   - below: how many rows below the text do not scroll.
  ///   - frame: the frame at a scroll position from 0 on; nil after the last.
  static func wholeText(below: Int = 0, _ frame: (Int) -> Surface?) -> String {
    var (text, position) = ("", 0)
    var last: [String] = []
    while let next = frame(position) {
      if position > 0 { text += last.first ?? "" }
      last = Array(rows(next).dropLast(below))
      position += 1
    }
    return text + last.joined()
  }

  static func compact(_ text: String) -> String { text.filter { !" ↑↓".contains($0) } }
}
