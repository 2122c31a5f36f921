/// How progress bars are drawn.
package enum BarStyle: String, CaseIterable, Sendable {
  /// Whole and parts of blocks: to an eighth of a cell.
  case block
  /// A line, half as heavy.
  case thin
  /// ASCII alone.
  case ascii

  /// The one after this; the first after the last.
  package var next: BarStyle {
    switch self {
    case .block: .thin
    case .thin: .ascii
    case .ascii: .block
    }
  }
}
