import Foundation
import TerminalUI
import Testing

/// Compares a text with the file of that name beside the tests.
///
/// A missing file is written, and fails. With `SLUICE_RECORD_FRAMES=1` in the environment all files are written anew, and
/// pass: review the changes with `git diff`.
enum Golden {
  static func expect(_ text: String, is name: String, _ location: SourceLocation = #_sourceLocation) throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Golden/\(name).txt").standardized
    let recordsAll = ProcessInfo.processInfo.environment["SLUICE_RECORD_FRAMES"] == "1"
    let known = try? String(contentsOf: url, encoding: .utf8)
    guard let known, !recordsAll else {
      try Data(text.utf8).write(to: url)
      if !recordsAll { Issue.record("\(name) was missing and has been recorded: review it", sourceLocation: location) }
      return
    }
    guard known != text else { return }
    let (old, new) = (lines(known), lines(text))
    let first = (0..<max(old.count, new.count)).first { old[safe: $0] != new[safe: $0] } ?? 0
    Issue.record(
      """
      \(name) differs from line number \(first + 1) on; if that is intended, record it again with SLUICE_RECORD_FRAMES=1
      was: \(old[safe: first] ?? "nothing")
      is:  \(new[safe: first] ?? "nothing")
      """,
      sourceLocation: location
    )
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}

extension Surface {
  /// The screen as a golden file contains it: the text of each row between bars, then its styles, run by run: `12a 3b` is
  /// twelve cells of style a and three of style b; a legend says what the letters are. Equal rows of styles are
  /// written once: `×3`.
  var goldenText: String {
    var letters: [Style: String] = [:]
    var legend = ""
    var styles: [(row: String, count: Int)] = []
    for y in 0..<size.height {
      var runs: [(letter: String, count: Int)] = []
      for cell in row(y) {
        let letter = letters[cell.style] ?? Self.letter(letters.count)
        if letters.updateValue(letter, forKey: cell.style) == nil { legend += "  \(letter) = \(cell.style.text)\n" }
        if runs.last?.letter == letter { runs[runs.count - 1].count += 1 } else { runs.append((letter, 1)) }
      }
      let line = runs.map { "\($0.count)\($0.letter)" }.joined(separator: " ")
      if styles.last?.row == line { styles[styles.count - 1].count += 1 } else { styles.append((line, 1)) }
    }
    let rows = (0..<size.height).map { "|\(text(ofRow: $0))|\n" }.joined()
    return rows + legend + styles.map { $0.count > 1 ? "  \($0.row) ×\($0.count)\n" : "  \($0.row)\n" }.joined()
  }

  private static func letter(_ index: Int) -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz")
    return index < alphabet.count ? String(alphabet[index]) : "A\(index)"
  }
}

extension Style {
  /// `75 on 237 bold`: the colours are indices of the palette.
  fileprivate var text: String {
    var parts: [String] = []
    if let index = foreground.index { parts.append("\(index)") }
    if let index = background.index { parts.append("on \(index)") }
    let names: [(Attributes, String)] = [
      (.bold, "bold"), (.dim, "dim"), (.underline, "underline"), (.reverse, "reverse"),
    ]
    parts += names.filter { attributes.contains($0.0) }.map(\.1)
    return parts.isEmpty ? "plain" : parts.joined(separator: " ")
  }
}
