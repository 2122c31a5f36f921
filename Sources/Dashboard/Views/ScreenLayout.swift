import TerminalUI

/// Where everything stands on a screen of some size; what drawing, the mouse and a page's length agree on.
///
/// Two columns from 100 columns on, else the panes are stacked; under 24 rows an upload has one line; under 16 rows or
/// 50 columns there is only the pane that has the keys; under 40 columns or 8 rows there are no panes at all.
struct ScreenLayout: Hashable, Sendable {
  /// Too small for panes: a summary in a few lines.
  let isSummary: Bool
  let header: Rect
  /// Empty when there is nothing to warn of.
  let warning: Rect
  private(set) var incoming = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var outgoing = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var detail = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var log = Rect(x: 0, y: 0, width: 0, height: 0)
  let footer: Rect
  /// Between header and footer.
  let body: Rect
  /// Lines of one upload: 1 to 3.
  let linesPerUpload: Int

  /// - Parameters:
  ///   - focus: the pane that has the keys.
  ///   - view: what the body shows.
  init(_ size: Size, focus: Pane, view: BodyView, hasWarning: Bool) {
    let (width, height) = (size.width, size.height)
    isSummary = width < 40 || height < 8
    linesPerUpload = height < 24 ? 1 : height < 30 ? 2 : 3
    let rows = Rect(size).rows([
      .fixed(height < 16 ? 1 : 2), .fixed(hasWarning ? 1 : 0), .rest(), .fixed(1),
    ])
    (header, warning, body, footer) = (rows[0], rows[1], rows[2], rows[3])
    guard !isSummary else { return }
    let isSingle = height < 16 || width < 50
    switch view {
    case .log: log = body
    case .detail: detail = body
    case .panes where isSingle: showOne(focus)
    case .panes: showPanes(size, focus: focus)
    }
  }

  private mutating func showOne(_ pane: Pane) {
    switch pane {
    case .incoming: incoming = body
    case .outgoing: outgoing = body
    case .detail: detail = body
    }
  }

  private mutating func showPanes(_ size: Size, focus: Pane) {
    let isWide = size.width >= 100
    let detailHeight = isWide ? (size.height >= 44 ? 13 : size.height >= 30 ? 10 : 0) : size.height >= 40 ? 10 : 0
    guard detailHeight > 0 || focus != .detail else { return detail = body }
    let rows = body.rows([.rest(), .fixed(detailHeight), .fixed(size.height >= 44 ? 8 : 0)])
    let panes = isWide ? rows[0].columns([.rest(), .rest()]) : rows[0].rows([.rest(), .rest()])
    (incoming, outgoing, detail, log) = (panes[0], panes[1], rows[1], rows[2])
  }

  func rect(of pane: Pane) -> Rect {
    switch pane {
    case .incoming: incoming
    case .outgoing: outgoing
    case .detail: detail
    }
  }

  /// How many uploads a pane shows at a time; 1 where it is not shown.
  func visibleUploads(_ pane: Pane) -> Int {
    ItemList.visible(height: Panel.content(of: rect(of: pane)).height, itemHeight: linesPerUpload)
  }

  /// How many lines of the log are seen at a time.
  var visibleLogLines: Int {
    ItemList.visible(height: Panel.content(of: log).height)
  }
}

/// What stands between header and footer.
enum BodyView: Hashable, Sendable {
  case panes
  /// All about one upload.
  case detail
  /// The event log.
  case log
}
