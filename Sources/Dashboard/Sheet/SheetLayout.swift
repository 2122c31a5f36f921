import TerminalUI

/// Where the parts of the send sheet are, in the region it is drawn into: a box in its middle. Empty where there is no
/// space for one.
struct SheetLayout {
  let hasBorder: Bool
  /// The whole box with its border.
  let frame: Rect
  let files: Rect
  /// One line for each mode, or one for the chosen one.
  let modes: Rect
  let target: Rect
  /// What would happen.
  let summary: Rect
  /// What else there is to say.
  let note: Rect

  /// - Parameter files: how many there are.
  init(_ size: Size, files count: Int) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 6
    let space = hasBorder ? Panel.content(of: bounds) : bounds
    let isTall = space.height >= 11
    let modeRows = isTall ? SendSheet.modes.count : 1
    let gap = isTall ? 1 : 0
    let wanted = min(count, 12) + modeRows + 3 * gap + 3
    let content = space.centered(width: min(space.width, 88), height: wanted)
    frame = hasBorder ? content.inset(horizontally: -1, vertically: -1) : content
    let height = content.height
    let rows = content.rows([
      .rest(),
      .fixed(gap),
      .fixed(height >= 3 ? modeRows : 0),
      .fixed(gap),
      .fixed(height >= 2 ? 1 : 0),
      .fixed(gap),
      .fixed(1),
      .fixed(height >= 5 ? 1 : 0),
    ])
    (files, modes, target, summary, note) = (rows[0], rows[2], rows[4], rows[6], rows[7])
  }

  var showsAllModes: Bool { modes.height == SendSheet.modes.count }

  /// How many files are seen at a time.
  var visibleFiles: Int { ItemList.visible(height: files.height) }
}
