import TerminalUI
import UploadCore

/// The visible part of a list of uploads: how high each of them is, and how many rows the pane has for them.
struct ListWindow: Hashable, Sendable {
  var heights: ItemHeights
  var rows: Int

  /// How many uploads are visible completely when the list is scrolled as `scroll` says; at least 1.
  func visible(_ scroll: Scroll) -> Int { heights.visible(from: scroll.offset(heights, rows: rows), rows: rows) }
}

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
  mutating func follow(_ list: UploadList, _ window: ListWindow) {
    let row = id.flatMap { list.row(of: $0) }
    let isLost =
      row.map { window.heights.end(of: $0) > max(1, window.rows) && list.record(at: $0)?.isRunning != true } ?? true
    if list.shown.isEmpty || anchor == .uploadUntilEnd && isLost { anchor = .firstRow }
    select(anchor == .firstRow ? 0 : row ?? scroll.selection, anchor: anchor, in: list, window)
  }

  mutating func move(by steps: Int, in list: UploadList, _ window: ListWindow) {
    select(min(scroll.selection, list.shown.count) + steps, anchor: .upload, in: list, window)
  }

  /// Selects the upload of a row, or of the nearest row that exists; none in an empty list.
  mutating func select(_ row: Int, anchor: Anchor, in list: UploadList, _ window: ListWindow) {
    self.anchor = anchor
    scroll.select(row, window.heights, rows: window.rows)
    id = list.record(at: scroll.selection)?.id
  }
}
