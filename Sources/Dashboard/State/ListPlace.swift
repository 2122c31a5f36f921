import TerminalUI
import UploadCore

/// The selection and the scroll position in a list of uploads.
///
/// The first row is selected until the user moves; then the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// What the selection follows when the list changes.
  enum Anchor: Hashable {
    case firstRow
    /// An upload that was selected automatically. The first row again when it has no row any more, or has ended and is
    /// below the first page.
    case uploadUntilEnd
    /// An upload that the user selected.
    case upload
  }

  /// The selected upload; nil in an empty list.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()
  var anchor = Anchor.firstRow

  /// Updates the selection after the list has changed, as ``anchor`` says. When the selected upload is gone, selects
  /// the one that is now in its row, or the last one.
  /// - Parameter visible: how many uploads are visible at a time.
  mutating func follow(_ list: UploadList, visible: Int) {
    let row = id.flatMap { list.row(of: $0) }
    let isLost = row.map { $0 >= visible && list.record(at: $0)?.isRunning != true } ?? true
    if list.shown.isEmpty || anchor == .uploadUntilEnd && isLost { anchor = .firstRow }
    select(anchor == .firstRow ? 0 : row ?? scroll.selection, anchor: anchor, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    select(min(scroll.selection, list.shown.count) + steps, anchor: .upload, in: list, visible: visible)
  }

  /// Selects the upload of a row, or of the nearest row that exists; none in an empty list.
  /// - Parameter visible: how many uploads are visible at a time.
  mutating func select(_ row: Int, anchor: Anchor, in list: UploadList, visible: Int) {
    self.anchor = anchor
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
