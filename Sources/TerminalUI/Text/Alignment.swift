/// Where a text stands in a space wider than itself.
package enum Alignment: Sendable {
  case leading
  case center
  case trailing

  /// The free columns before a text of `columns` in `width`.
  func offset(of columns: Int, in width: Int) -> Int {
    switch self {
    case .leading: 0
    case .center: max(0, width - columns) / 2
    case .trailing: max(0, width - columns)
    }
  }
}
