/// How progress bars are drawn.
package enum BarStyle: String, CaseIterable, Sendable {
  /// Whole and parts of blocks: to an eighth of a cell.
  case block
  /// A line, half as heavy.
  case thin
  /// ASCII alone.
  case ascii
}
