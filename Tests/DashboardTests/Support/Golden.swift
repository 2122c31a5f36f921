import Foundation
import Testing

/// Compares a text with the file of that name beside the tests.
///
/// A missing file is written, and fails. With `SLUICE_RECORD_FRAMES=1` in the environment all files are written anew, and
/// pass: look at what `git diff` says then.
enum Golden {
  static func expect(_ text: String, is name: String, _ location: SourceLocation = #_sourceLocation) throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Golden/\(name).txt").standardized
    let recordsAll = ProcessInfo.processInfo.environment["SLUICE_RECORD_FRAMES"] == "1"
    let known = try? String(contentsOf: url, encoding: .utf8)
    guard let known, !recordsAll else {
      try Data(text.utf8).write(to: url)
      if !recordsAll { Issue.record("\(name) was missing and has been recorded: look at it", sourceLocation: location) }
      return
    }
    guard known != text else { return }
    let (old, new) = (lines(known), lines(text))
    let first = (0..<max(old.count, new.count)).first { old[safe: $0] != new[safe: $0] } ?? 0
    Issue.record(
      """
      \(name) differs from line \(first + 1) on; record it anew with SLUICE_RECORD_FRAMES=1 if that is wanted
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
