import TerminalUI

/// The regions of the send dialog's parts, in a box in the middle of the screen; a part without space is empty.
struct SheetLayout {
  let hasBorder: Bool
  /// The box with its border.
  let frame: Rect
  let files: Rect
  /// A row for each mode, or one row for the chosen mode.
  let modes: Rect
  let target: Rect
  /// The targets that are offered.
  let offers: Rect
  /// The row that says what Enter sends.
  let summary: Rect
  let note: Rect
  /// Columns that summary and note leave free at both ends, so that they are aligned with the names of the files.
  let inset: Int

  /// The most rows of offers; more of them scroll.
  private static let mostOffers = 6

  /// How the parts share the rows: those of the modes, of each of three gaps, and the fewest of the files.
  private typealias Plan = (modes: Int, gap: Int, files: Int)

  /// - Parameters:
  ///   - size: of the region that the dialog is drawn into.
  ///   - count: how many files there are.
  ///   - noteRows: rows of the note, 1 or more, where there is space.
  ///   - offerCount: how many targets are offered.
  init(_ size: Size, files count: Int, noteRows: Int = 1, offers offerCount: Int = 0) {
    let bounds = Rect(size)
    hasBorder = size.width >= 24 && size.height >= 6
    let space = hasBorder ? Panel.content(of: bounds) : bounds
    let offerRows = min(offerCount, Self.mostOffers)
    let isCrowded = noteRows > 1 || offerRows > 0
    let tall: Plan = (SendSheet.modes.count, 1, min(count, isCrowded ? 3 : 2))
    var plans: [Plan] = space.height >= 11 ? [tall] : []
    plans += [(1, 0, min(count, 3)), (1, 0, min(count, 1))]
    // What is being typed is more important than files and mode.
    if offerRows > 0 { plans.append((0, 0, 0)) }
    func rows(_ plan: Plan) -> Int { plan.modes + 3 * plan.gap + 2 }
    let fitting = plans.first { $0.files + rows($0) + noteRows + offerRows <= space.height }
    let plan = fitting ?? plans[plans.count - 1]
    let height = min(count, 12) + rows(plan) + noteRows + offerRows
    let content = space.centered(width: min(space.width, 88), height: height)
    frame = hasBorder ? content.inset(horizontally: -1, vertically: -1) : content
    let noteSpace = content.height - rows(plan) - plan.files
    let noteHeight = content.height >= 5 ? min(noteRows, max(1, noteSpace)) : 0
    let offerHeight = min(offerRows, max(0, noteSpace - noteHeight))
    let parts = content.rows([
      .rest(), .fixed(plan.gap), .fixed(content.height >= 3 ? plan.modes : 0), .fixed(plan.gap),
      .fixed(content.height >= 2 ? 1 : 0), .fixed(offerHeight), .fixed(plan.gap), .fixed(1), .fixed(noteHeight),
    ])
    inset = content.width >= 24 ? 1 : 0
    (files, modes, target, offers) = (parts[0], parts[2], parts[4], parts[5])
    (summary, note) = (parts[7], parts[8])
  }

  /// How many files are visible at a time; 1 or more.
  var visibleFiles: Int { ItemList.visible(height: files.height) }

  /// Columns of summary and note.
  var statusWidth: Int { summary.width - 2 * inset }

  /// Rows of summary and note together.
  var statusHeight: Int { summary.height + note.height }
}
