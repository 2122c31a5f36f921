package import TerminalUI

/// A screen's size on the command line and in scripts, such as `120x34`.
package enum ScreenSize {
  /// Columns and rows, each from 1 to 4,096; nil when it is not written so.
  package static func parse(_ text: String) -> Size? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (1...4096).contains(width), (1...4096).contains(height)
    else { return nil }
    return Size(width: width, height: height)
  }
}
