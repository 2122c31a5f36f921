import TerminalUI
import UploadCore

/// Where the user is in a list of uploads: the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// The selected upload; nil when there is none.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()

  /// Finds the selected upload again after the list has changed; when it is gone, what stands in its place.
  mutating func follow(_ list: UploadList, visible: Int) {
    select(id.flatMap { list.row(of: $0) } ?? scroll.selection, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    scroll.move(by: steps, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }

  mutating func select(_ row: Int, in list: UploadList, visible: Int) {
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
