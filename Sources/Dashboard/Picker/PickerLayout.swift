import TerminalUI

/// Where the parts of the file picker are, in the region it is drawn into; empty where there is no space for one.
struct PickerLayout {
  /// With a border around everything.
  let hasBorder: Bool
  /// The directory, or the path that is typed.
  let path: Rect
  /// The titles of the columns.
  let titles: Rect
  let list: Rect
  /// The filter, what is to be said, and what is marked.
  let status: Rect

  /// - Parameter mode: where something is typed, its line is the last to go.
  init(_ size: Size, context: PickerCommand.Context) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 7
    let content = hasBorder ? Panel.content(of: bounds) : bounds
    let height = content.height
    // What is typed takes the one line of the path or of the status that there is, or the list's.
    let wantsPath = context == .typingPath ? height >= 1 : height >= 3 || height == 2 && context == .browsing
    let wantsStatus = context == .filtering ? height >= 1 : height >= 3
    let rows = content.rows([
      .fixed(wantsPath ? 1 : 0),
      .fixed(height >= 6 ? 1 : 0),
      .rest(),
      .fixed(wantsStatus ? 1 : 0),
    ])
    (path, titles, list, status) = (rows[0], rows[1], rows[2], rows[3])
  }

  /// How many entries are seen at a time.
  var visible: Int { ItemList.visible(height: list.height) }
}
