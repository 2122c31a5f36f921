import TerminalUI

/// The selection and the scroll position in a list whose rows have identities. The first row is selected until the user
/// moves; then the selection stays with its row when the order changes.
struct RowPlace<ID: Hashable & Sendable>: Hashable, Sendable {
  /// The selected row; nil in an empty list.
  private(set) var id: ID?
  private(set) var scroll = Scroll()
  private var followsFirst = true

  /// Updates the selection after the list has changed. When the selected row is gone, selects the one that is now in its
  /// place, or the last one.
  /// - Parameter visible: how many rows are visible at a time.
  mutating func follow(_ ids: [ID], visible: Int) {
    let row = followsFirst ? 0 : id.flatMap { ids.firstIndex(of: $0) }
    select(row ?? scroll.selection, in: ids, visible: visible)
    if ids.isEmpty { followsFirst = true }
  }

  /// - Parameter isTop: whether to select the first row from now on.
  mutating func move(by steps: Int, isTop: Bool = false, in ids: [ID], visible: Int) {
    followsFirst = isTop
    select(min(scroll.selection, ids.count) + steps, in: ids, visible: visible)
  }

  /// Selects a row by the position that it was clicked at.
  /// - Parameter y: counted from the first visible row.
  mutating func click(_ y: Int, in ids: [ID], visible: Int) {
    let row = scroll.offset(count: ids.count, visible: visible) + y
    guard ids.indices.contains(row) else { return }
    followsFirst = false
    select(row, in: ids, visible: visible)
  }

  private mutating func select(_ row: Int, in ids: [ID], visible: Int) {
    scroll.select(row, count: ids.count, visible: visible)
    id = ids.indices.contains(scroll.selection) ? ids[scroll.selection] : nil
  }
}
