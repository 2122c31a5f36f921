import TerminalUI
import UploadCore

/// The views whose table fills the body: the rejected requests, and the uploads grouped by client or server.
extension DashboardModel {
  // MARK: Rejected requests

  /// The rejected requests that have a row.
  var rejectedEntries: [RejectionLog.Entry] { shown.rejections.matching(rejectedFilter.text) }

  /// Opens or closes the view of the rejected requests.
  mutating func toggleRejected() {
    leaveTables()
    view = view == .rejected ? .panes : .rejected
    rejectedFilter.clear()
    rejectedPlace = RowPlace()
  }

  // MARK: Clients

  /// The clients, or of outgoing uploads the servers, that have a row.
  var clientList: ClientList { shown.clients(direction) }

  var clientPlace: RowPlace<ClientList.RowID> { clientPlaces[direction] ?? RowPlace() }

  /// Opens or closes the view of the uploads grouped by client, or by server in the outgoing pane.
  mutating func toggleClients() {
    if view == .clients { focusPane(Pane(direction)) } else { groupByClient(Pane(direction)) }
  }

  /// Shows the uploads of a pane grouped by client or server.
  mutating func groupByClient(_ pane: Pane) {
    (view, focus, direction) = (.clients, pane, pane.direction ?? direction)
    setGrouped(true)
  }

  /// Prepares to show another view.
  mutating func leaveTables() { if view == .clients { setGrouped(false) } }

  private mutating func setGrouped(_ isGrouped: Bool) {
    live.groupsByClient = isGrouped
    frozen?.groupsByClient = isGrouped
    if isGrouped { rearrange() }
  }

  /// Whether Enter opens or closes the selected client.
  var togglesClient: Bool {
    guard view == .clients, case .client = clientPlace.id else { return false }
    return true
  }

  /// Whether the selected row is that of a client which is open.
  var isClientOpen: Bool {
    clientList.rows.contains { row in
      guard case .client(let summary) = row else { return false }
      return row.id == clientPlace.id && summary.isOpen
    }
  }

  /// Says in a note why a command for uploads has no effect while a client is selected.
  mutating func noteClientSelected(_ command: Command) {
    switch command {
    case .cancel, .pause, .retry, .lowerLimit, .raiseLimit, .mark:
      note(.info, "this row is not an upload: \(isClientOpen ? "select one beneath it" : "Enter shows its uploads")")
    case .move, .nextPane, .previousPane, .pane, .upload, .mode, .detail, .markAll, .clear, .freeze, .sort, .filter,
      .log, .copy, .copyFile, .theme, .bar, .density, .mouse, .help, .quit, .quitWhenFinished, .suspend, .redraw, .yes,
      .no, .keepFilter, .clearFilter, .link, .nextLink, .previousLink, .closeLink, .rejected, .clients, .zoom, .back,
      .faster, .slower:
      break
    }
  }

  mutating func toggleClient() {
    guard case .client(let key) = clientPlace.id else { return }
    live.toggleClient(key, direction)
    frozen?.toggleClient(key, direction)
    rearrange()
    // The row remains selected when others appear above it.
    clientPlaces[direction, default: RowPlace()].move(by: 0, in: clientList.rows.map(\.id), visible: visibleTableRows)
  }

  /// Selects the upload that is selected among the clients in its pane too, for the detail.
  mutating func selectInPane() {
    let (list, window) = (shown[direction], window(direction))
    if let id = selected?.id, let row = list.row(of: id) {
      places[direction, default: ListPlace()].select(row, anchor: .upload, in: list, window)
    }
    leaveTables()
  }

  // MARK: Both

  /// How many rows of the open table are visible at a time, at least 1.
  var visibleTableRows: Int { ItemList.visible(height: tableAreas.rows.height) }

  private var tableAreas: TableAreas { TableAreas(layout.body, hasDetail: view == .rejected) }

  /// Updates the selections after rows have changed.
  mutating func followTables() {
    switch view {
    case .rejected: rejectedPlace.follow(rejectedEntries.map(\.id), visible: visibleTableRows)
    case .clients:
      clientPlaces[direction, default: RowPlace()].follow(clientList.rows.map(\.id), visible: visibleTableRows)
    case .panes, .detail, .log: break
    }
  }

  mutating func moveInTable(_ motion: Motion) {
    moveInTable(by: motion.steps(page: visibleTableRows), isTop: motion == .top)
  }

  private mutating func moveInTable(by steps: Int, isTop: Bool = false) {
    let visible = visibleTableRows
    if view == .rejected {
      rejectedPlace.move(by: steps, isTop: isTop, in: rejectedEntries.map(\.id), visible: visible)
    } else {
      let ids = clientList.rows.map(\.id)
      clientPlaces[direction, default: RowPlace()].move(by: steps, isTop: isTop, in: ids, visible: visible)
    }
  }

  /// A click selects a row, and the wheel moves the selection.
  mutating func handleInTable(_ mouse: MouseEvent) {
    guard layout.body.contains(mouse.position) else { return }
    guard mouse.action == .press else { return moveInTable(by: mouse.action.steps) }
    let (rows, visible) = (tableAreas.rows, visibleTableRows)
    guard let place = mouse.position(in: rows) else { return }
    if view == .rejected {
      rejectedPlace.click(place.y, in: rejectedEntries.map(\.id), visible: visible)
    } else {
      clientPlaces[direction, default: RowPlace()].click(place.y, in: clientList.rows.map(\.id), visible: visible)
    }
  }

  /// Draws the open table, if one is, into the body.
  func drawTable(_ layout: ScreenLayout, on surface: inout Surface) {
    switch view {
    case .rejected:
      let table = RejectedView(
        entries: rejectedEntries,
        total: shown.rejectedCount,
        place: rejectedPlace,
        filter: rejectedFilter.text
      )
      surface.draw(table, in: layout.body)
    case .clients:
      let table = ClientsView(
        direction: direction,
        clients: clientList,
        uploads: shown[direction],
        marks: marks,
        scroll: clientPlace.scroll,
        sort: settings.sort,
        filter: uploadFilter.text
      )
      surface.draw(table, in: layout.body)
    case .panes, .detail, .log: break
    }
  }
}
