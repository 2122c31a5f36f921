import TerminalUI
import UploadCore

/// The regions of the screen's parts at a size, which drawing, the mouse and the keys for pages share.
///
/// Panes are beside each other from 100 columns on. An upload has three rows, two on a screen below 30 rows, one below
/// 24. Below 16 rows or 50 columns only the pane with the focus is shown; below 40 columns or 8 rows a summary in place
/// of panes.
struct ScreenLayout: Hashable, Sendable {
  /// Whether the screen is too small for panes.
  let isSummary: Bool
  let header: Rect
  /// The row of the warning; empty when there is none.
  let warning: Rect
  /// The regions of the panes that are shown.
  private var panes: [Pane: Rect] = [:]
  /// The region of the event log; empty when it is not shown.
  private(set) var log = Rect(x: 0, y: 0, width: 0, height: 0)
  let footer: Rect
  /// Everything between the header, or the warning below it, and the footer.
  let body: Rect
  /// Rows of one upload: 1 to 3.
  let rowsPerUpload: Int

  /// - Parameters:
  ///   - focus: the pane that the keys go to.
  ///   - view: what the body shows.
  ///   - hasWarning: whether a row is reserved for a warning.
  init(_ size: Size, focus: Pane, view: BodyView, hasWarning: Bool) {
    let (width, height) = (size.width, size.height)
    isSummary = width < 40 || height < 8
    let tallRows = height < 30 ? 2 : 3
    rowsPerUpload = height < 24 ? 1 : tallRows
    let rows = Rect(size).rows([.fixed(height < 16 ? 1 : 2), .fixed(hasWarning ? 1 : 0), .rest(), .fixed(1)])
    (header, warning, body, footer) = (rows[0], rows[1], rows[2], rows[3])
    guard !isSummary else { return }
    switch view {
    case .log: log = body
    case .detail: panes = [.detail: body]
    case .panes where height < 16 || width < 50: panes = [focus: body]
    case .panes: showPanes(size, focus: focus)
    }
  }

  private mutating func showPanes(_ size: Size, focus: Pane) {
    let isWide = size.width >= 100
    let lowHeight = size.height >= (isWide ? 30 : 40) ? 10 : 0
    let detailHeight = isWide && size.height >= 44 ? 13 : lowHeight
    guard detailHeight > 0 || focus != .detail else { return panes = [.detail: body] }
    let rows = body.rows([.rest(), .fixed(detailHeight), .fixed(size.height >= 44 ? 8 : 0)])
    let lists = isWide ? rows[0].columns([.rest(), .rest()]) : rows[0].rows([.rest(), .rest()])
    panes = [.incoming: lists[0], .outgoing: lists[1], .detail: rows[1]]
    log = rows[2]
  }

  /// The region of a pane; empty when the pane is not shown.
  func rect(of pane: Pane) -> Rect { panes[pane] ?? Rect(x: 0, y: 0, width: 0, height: 0) }

  /// How many uploads a pane shows completely at a time, at least 1; also 1 when the pane is not shown.
  func visibleUploads(_ pane: Pane) -> Int {
    ItemList.visible(height: Panel.content(of: rect(of: pane)).height, itemHeight: rowsPerUpload)
  }

  /// How many rows of the event log are visible at a time, at least 1; also 1 when it is not shown.
  var visibleLogRows: Int { ItemList.visible(height: Panel.content(of: log).height) }
}

/// What is between header and footer.
enum BodyView: Hashable, Sendable {
  case panes
  /// The detail of one upload.
  case detail
  /// The event log.
  case log
}

/// A part of the screen that keys can go to.
enum Pane: Hashable, Sendable, CaseIterable {
  case incoming, outgoing, detail

  init(_ direction: UploadDirection) { self = direction == .incoming ? .incoming : .outgoing }

  /// The direction of the uploads in it; nil for the detail.
  var direction: UploadDirection? {
    switch self {
    case .incoming: .incoming
    case .outgoing: .outgoing
    case .detail: nil
    }
  }
}
