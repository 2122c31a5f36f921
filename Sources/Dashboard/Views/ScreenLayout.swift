import TerminalUI
import UploadCore

/// The regions of the screen's parts at a size, which drawing, the mouse and the keys for pages share.
///
/// Panes are beside each other from 100 columns on while both have uploads; one without uploads is a strip there, and a
/// single row on a narrower screen, where panes are above each other. Detail and event log are below them where more than
/// ten rows are free. Below 50 columns, or 16 rows and 100 columns, only the pane with the focus is shown; below 40 columns
/// or 8 rows a summary in place of panes.
struct ScreenLayout: Hashable, Sendable {
  /// How a list's pane is shown.
  enum Form: Hashable, Sendable {
    case list
    /// A narrow column that says how to fill the pane, which has no uploads.
    case strip
    /// The same in one row.
    case row
  }

  /// What the screen has to show.
  struct Content: Hashable, Sendable {
    /// The pane that the keys go to.
    var focus: Pane
    /// What the body shows.
    var view: BodyView
    /// Whether the pane with the focus fills the body.
    var isZoomed = false
    /// Whether a row is reserved for a warning.
    var hasWarning = false
    /// Whether an upload is selected, which the detail can show.
    var hasSelection = false
    var density = RowDensity.automatic
    /// The uploads of each list.
    var uploads: [Pane: Uploads] = [:]

    init(focus: Pane, view: BodyView) { (self.focus, self.view) = (focus, view) }
  }

  /// How many uploads a list shows.
  struct Uploads: Hashable, Sendable {
    /// Those that may take more than one row.
    var tall = 0
    /// As many as there were in the last seconds, which decide on their height.
    var steady = 0
    var all = 0

    /// The rows of all of them when a tall one takes `height` rows, with those of the last seconds.
    func rows(_ height: Int) -> Int { max(all, steady) + max(tall, steady) * (height - 1) }
  }

  /// Whether the screen is too small for panes.
  let isSummary: Bool
  let header: Rect
  /// The row of the warning; empty when there is none.
  let warning: Rect
  /// The regions of the panes that are shown.
  private var panes: [Pane: Rect] = [:]
  private var forms: [Pane: Form] = [:]
  private var heights: [Pane: Int] = [:]
  /// The panes of lists with a row for the titles of their columns.
  private var titled: Set<Pane> = []
  /// The region of the event log; empty when it is not shown.
  private(set) var log = Rect(x: 0, y: 0, width: 0, height: 0)
  let footer: Rect
  /// Everything between the header, or the warning below it, and the footer.
  let body: Rect

  /// From this width on panes are beside each other.
  private static let wideColumns = 100
  private static let stripColumns = 20
  /// Upper and lower border of a pane.
  private static let borders = 2
  /// Detail and log appear by themselves where more rows than these are free.
  private static let freeRows = 10
  private static let detailRows = 13
  private static let logRows = 10
  /// Rows of a list from which on the first has the titles of its columns.
  private static let titledRows = 12
  /// The fewest rows of a list's pane beside the detail that the user has asked for, and of one above another pane.
  private static let fewestRows = 4

  init(_ size: Size, _ content: Content) {
    let (width, height) = (size.width, size.height)
    isSummary = width < 40 || height < 8
    let rows = Rect(size).rows([.fixed(height < 16 ? 1 : 2), .fixed(content.hasWarning ? 1 : 0), .rest(), .fixed(1)])
    (header, warning, body, footer) = (rows[0], rows[1], rows[2], rows[3])
    guard !isSummary else { return }
    switch content.view {
    case .log: log = body
    case .detail: panes = [.detail: body]
    // Their tables fill the body.
    case .rejected, .clients: break
    case .panes where content.isZoomed || width < 50 || height < 16 && width < Self.wideColumns:
      panes = [content.focus: body]
    case .panes: showPanes(content)
    }
    for pane in [Pane.incoming, .outgoing] where form(of: pane) == .list {
      let rows = Panel.content(of: rect(of: pane)).height
      let uploads = content.uploads[pane] ?? Uploads()
      let height = Self.height(uploads, rows: rows, content.density)
      heights[pane] = height
      if Self.hasTitles(uploads, height: height), rows >= Self.titledRows { titled.insert(pane) }
    }
  }

  /// Whether the columns of a list may have titles: several rows of an upload have columns of their own.
  private static func hasTitles(_ uploads: Uploads, height: Int) -> Bool { height == 1 && uploads.tall > 1 }

  /// The rows of a tall upload: as the user chose, otherwise as many as fit all tall ones, up to three.
  private static func height(_ uploads: Uploads, rows: Int, _ density: RowDensity) -> Int {
    if let chosen = density.rows { return min(chosen, max(1, rows)) }
    return [3, 2].first { max(uploads.tall, uploads.steady) * $0 <= rows } ?? 1
  }

  private mutating func showPanes(_ content: Content) {
    var free = body.height - neededRows(content, height: body.height)
    var detail = 0
    if content.hasSelection, free > Self.freeRows { detail = min(Self.detailRows, free) }
    if content.focus == .detail, detail == 0 {
      guard body.height >= Self.detailRows + 3 * Self.fewestRows else { return panes = [.detail: body] }
      detail = Self.detailRows
    }
    free -= detail
    let rows = body.rows([.rest(), .fixed(detail), .fixed(free > Self.freeRows ? Self.logRows : 0)])
    if detail > 0 { panes[.detail] = rows[1] }
    log = rows[2]
    if body.width >= Self.wideColumns { showBeside(content, in: rows[0]) } else { showStacked(content, in: rows[0]) }
  }

  // MARK: Panes of the lists

  private func uploads(_ content: Content) -> (incoming: Uploads, outgoing: Uploads) {
    (content.uploads[.incoming] ?? Uploads(), content.uploads[.outgoing] ?? Uploads())
  }

  /// The rows that the panes of the lists need for all uploads, with borders.
  private func neededRows(_ content: Content, height: Int) -> Int {
    let (incoming, outgoing) = uploads(content)
    if incoming.all == 0, outgoing.all == 0 { return 2 * Self.fewestRows }
    if body.width >= Self.wideColumns {
      return max(Self.needed(incoming, height, content), Self.needed(outgoing, height, content), 2 * Self.fewestRows)
    }
    guard incoming.all > 0, outgoing.all > 0 else {
      return 1 + Self.needed(incoming.all > 0 ? incoming : outgoing, height - 1, content)
    }
    let both = Self.sum(incoming, outgoing)
    return Self.borders + Self.needed(both, height - Self.borders, content)
  }

  private static func sum(_ first: Uploads, _ second: Uploads) -> Uploads {
    Uploads(tall: first.tall + second.tall, steady: first.steady + second.steady, all: first.all + second.all)
  }

  /// The rows that a pane needs for all of its uploads in at most `height` rows, with borders.
  private static func needed(_ uploads: Uploads, _ height: Int, _ content: Content) -> Int {
    let rowsPerUpload = self.height(uploads, rows: height - borders, content.density)
    let rows = uploads.rows(rowsPerUpload)
    let titles = rows >= titledRows && hasTitles(uploads, height: rowsPerUpload) ? 1 : 0
    return max(fewestRows, rows + titles + borders)
  }

  private mutating func showBeside(_ content: Content, in rect: Rect) {
    let (incoming, outgoing) = uploads(content)
    let isOneEmpty = (incoming.all == 0) != (outgoing.all == 0)
    func extent(_ uploads: Uploads) -> Extent { isOneEmpty && uploads.all == 0 ? .fixed(Self.stripColumns) : .rest() }
    let columns = rect.columns([extent(incoming), extent(outgoing)])
    (panes[.incoming], panes[.outgoing]) = (columns[0], columns[1])
    if isOneEmpty { forms[incoming.all == 0 ? .incoming : .outgoing] = .strip }
  }

  private mutating func showStacked(_ content: Content, in rect: Rect) {
    let (incoming, outgoing) = uploads(content)
    let isOneEmpty = (incoming.all == 0) != (outgoing.all == 0)
    var extents: [Extent] = [.rest(), .rest()]
    if isOneEmpty {
      extents = incoming.all == 0 ? [.fixed(1), .rest()] : [.rest(), .fixed(1)]
      forms[incoming.all == 0 ? .incoming : .outgoing] = .row
    } else if incoming.all > 0 {
      // Each gets what it needs, and at least half of the rows if it needs these.
      let height = Self.height(Self.sum(incoming, outgoing), rows: rect.height - 2 * Self.borders, content.density)
      let (half, first) = (rect.height / 2, max(Self.fewestRows, incoming.rows(height) + Self.borders))
      let second = max(Self.fewestRows, outgoing.rows(height) + Self.borders)
      if first <= half, first + second < rect.height {
        extents = [.rest(min: first), .rest(min: second)]
      } else if first <= half {
        extents = [.fixed(first), .rest()]
      } else if second <= rect.height - half {
        extents = [.rest(), .fixed(second)]
      }
    }
    let rows = rect.rows(extents)
    (panes[.incoming], panes[.outgoing]) = (rows[0], rows[1])
  }

  // MARK: Regions

  /// The region of a pane; empty when the pane is not shown.
  func rect(of pane: Pane) -> Rect { panes[pane] ?? Rect(x: 0, y: 0, width: 0, height: 0) }

  func form(of pane: Pane) -> Form { forms[pane] ?? .list }

  /// The rows of a running upload in a pane: 1 to 3.
  func rowsPerUpload(in pane: Pane) -> Int { heights[pane] ?? 1 }

  /// Whether the first row within the border of a list has the titles of its columns.
  func hasTitles(in pane: Pane) -> Bool { titled.contains(pane) }

  /// The region of a list's rows: within the border, and below the titles.
  func listRect(of pane: Pane) -> Rect {
    Panel.content(of: rect(of: pane)).rows([.fixed(hasTitles(in: pane) ? 1 : 0), .rest()])[1]
  }

  /// The panes that are visible, in the order in which a key steps through them.
  var panesInOrder: [Pane] { Pane.allCases.filter { panes[$0] != nil } }

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
  /// The rejected requests.
  case rejected
  /// The uploads grouped by client or server.
  case clients
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
