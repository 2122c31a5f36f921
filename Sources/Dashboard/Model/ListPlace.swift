import TerminalUI
import UploadCore

/// Where the user is in a list of uploads. Until the user has moved there it is the first one, whichever that is; from then
/// on the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// How the selection follows changes of the list.
  private enum Hold: Hashable {
    /// It stays at the first row.
    case none
    /// With an upload that was selected for the user, until its end; no list is scrolled for one that has ended.
    case untilEnd
    /// With the upload that the user went to.
    case always
  }

  /// The selected upload; nil when there is none.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()
  private var hold = Hold.none

  /// Finds the selected upload again after the list has changed; when it is gone, what stands in its place.
  mutating func follow(_ list: UploadList, visible: Int) {
    if list.shown.isEmpty { hold = .none }
    let row = id.flatMap { list.row(of: $0) }
    if hold == .untilEnd, row.map({ $0 >= visible && list.record(at: $0)?.isRunning != true }) ?? true { hold = .none }
    set(hold == .none ? 0 : row ?? scroll.selection, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    hold = .always
    scroll.move(by: steps, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }

  mutating func select(_ row: Int, in list: UploadList, visible: Int) {
    hold = .always
    set(row, in: list, visible: visible)
  }

  /// Selects an upload for the user, who has not gone to it.
  mutating func propose(_ row: Int, in list: UploadList, visible: Int) {
    hold = .untilEnd
    set(row, in: list, visible: visible)
  }

  /// Keeps the selection with its upload, as after a move.
  mutating func keep() {
    hold = .always
  }

  /// To the first one, and to whichever comes first later.
  mutating func release() {
    hold = .none
  }

  private mutating func set(_ row: Int, in list: UploadList, visible: Int) {
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
