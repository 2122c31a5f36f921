import ArgumentParser
import TerminalUI

/// A screen's size on the command line and in scripts, such as `120x34`.
enum ScreenSize {
  /// Columns and rows, each from 1 to 4,096; nil when it is not written so.
  static func parse(_ text: String) -> Size? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (1...4096).contains(width), (1...4096).contains(height)
    else { return nil }
    return Size(width: width, height: height)
  }

  /// - Throws: what is wrong, for the parser to show.
  static func argument(_ text: String) throws -> Size {
    guard let size = parse(text) else { throw ValidationError("A screen's size is written 120x34.") }
    return size
  }
}
