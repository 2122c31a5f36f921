import TerminalUI
import UploadCore

/// Where the user is in a list of uploads. Until the user has moved there it is the first one, whichever that is; from then
/// on the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// The selected upload; nil when there is none.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()
  /// Whether the selection stays with its upload.
  private var isHeld = false

  /// Finds the selected upload again after the list has changed; when it is gone, what stands in its place.
  mutating func follow(_ list: UploadList, visible: Int) {
    if list.shown.isEmpty { isHeld = false }
    let row = isHeld ? id.flatMap { list.row(of: $0) } ?? scroll.selection : 0
    set(row, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    isHeld = true
    scroll.move(by: steps, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }

  mutating func select(_ row: Int, in list: UploadList, visible: Int) {
    isHeld = true
    set(row, in: list, visible: visible)
  }

  /// Keeps the selection with its upload, as after a move.
  mutating func hold() {
    isHeld = true
  }

  /// To the first one, and to whichever comes first later.
  mutating func release() {
    isHeld = false
  }

  private mutating func set(_ row: Int, in list: UploadList, visible: Int) {
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
