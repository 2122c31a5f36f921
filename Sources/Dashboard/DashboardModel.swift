package import TerminalUI
import UploadCore

/// The dashboard: what it knows, what it shows, and which effects it needs.
///
/// A value without a clock, a file or a thread: ``update(_:)`` handles a message and returns effects, ``render()``
/// draws the state.
package struct DashboardModel: Sendable {
  let facts: DashboardFacts
  let capabilities: TerminalCapabilities
  package internal(set) var settings: DashboardSettings
  var size: Size

  /// The latest state, which continues to be updated while the screen is frozen.
  var live = DashboardState()
  /// The state that is shown while the screen is frozen; nil while it is not.
  var frozen: DashboardState?

  var focus = Pane.incoming
  /// Whether the pane with the focus fills the screen in place of all panes.
  var isZoomed = false
  var view = BodyView.panes
  /// The list whose pane had the focus last: the detail shows its selected upload.
  var direction = UploadDirection.incoming
  var places: [UploadDirection: ListPlace] = [:]
  /// The marked uploads of both directions; only those that are listed.
  var marks: Set<UploadID> = []
  /// Whether the program quits when all uploads have finished, and begins no new ones.
  var isQuitting = false
  private var notices = NotificationPolicy()
  /// The upload to select when the next snapshot arrives: the first of the files that were queued last; nil when there
  /// is none.
  var queued: UploadID?
  var logScroll = Scroll()
  /// The filter of the uploads, and of the event log beside the panes.
  var paneFilter = TextField()
  /// The filter of the event log in its large view.
  var logFilter = TextField()
  /// The filter of the rejected requests.
  var rejectedFilter = TextField()
  /// The uploads that have a row: the last valid filter of ``paneFilter``.
  var uploadFilter = UploadFilter()
  /// Why ``paneFilter`` is none; nil while it is one.
  var filterProblem: FilterProblem?
  var rejectedPlace = RowPlace<Int>()
  var clientPlaces: [UploadDirection: RowPlace<ClientList.RowID>] = [:]
  var isTypingFilter = false
  /// Rows of the help above the first visible one; nil while the help is closed.
  var helpOffset: Int?
  var question: Question? { didSet { if question != oldValue { dialogOffset = 0 } } }
  /// The link whose QR code is shown, as a position in ``DashboardFacts/links``; nil while that dialog is closed.
  var linkIndex: Int? { didSet { if linkIndex != oldValue { dialogOffset = 0 } } }
  /// Rows of an open question, or of the QR code's dialog, above the first visible one.
  var dialogOffset = 0
  /// Kept while it is closed, because it remembers directories and marks; nil before its first use and after all chosen
  /// files were sent. Drawn only while ``isPicking``.
  var picker: FilePicker?
  var isPicking = false
  var sheet: SendSheet?
  /// The targets that the send dialog offers.
  var targets: SavedTargets
  /// The address of the target that files were sent to last, which the next send dialog begins with; empty for the
  /// server in this process.
  var lastAddress: String
  var isMouseOn = false
  private var pending = PendingEffects()

  /// - Parameters:
  ///   - settings: as they were stored by the previous run.
  ///   - capabilities: of the terminal that the dashboard is drawn on.
  ///   - size: of that terminal, in cells.
  ///   - targets: as earlier runs have stored them.
  package init(
    facts: DashboardFacts,
    settings: DashboardSettings,
    capabilities: TerminalCapabilities,
    size: Size,
    targets: SavedTargets = SavedTargets()
  ) {
    (self.facts, self.settings, self.capabilities, self.size) = (facts, settings, capabilities, size)
    (self.targets, lastAddress) = (targets, facts.target ?? "")
    for text in facts.notes { note(.info, text) }
  }

  /// Handles a message: the only way to change the model from outside.
  /// - Returns: the effects to perform, in this order; all of them, because their results are awaited.
  package mutating func update(_ message: DashboardMessage) -> [DashboardEffect] {
    let before = settings
    var effects: [DashboardEffect] = []
    let outgoing = live.outgoing
    pending.remove(message) { outgoing[$0] != nil }
    switch message {
    case .input(let event): effects = handle(event)
    case .given(let paths): effects = sendGiven(paths)
    case .snapshot(let snapshot, let time):
      show(snapshot, at: time)
      dropLostMarks()
      effects = notify(about: snapshot)
    case .freeSpace(let bytes): live.freeSpace = bytes
    case .directory(let listing): effects = receive(listing)
    case .checked(let check): effects = sheet?.receive(check) ?? []
    case .counted(let count):
      picker?.marks.receive(count)
      sheet?.receive(count)
    case .queued(let id): queued = id
    case .note(let level, let text): note(level, text)
    }
    for direction in UploadDirection.allCases {
      let (list, window) = (shown[direction], window(direction))
      places[direction, default: ListPlace()].follow(list, window)
    }
    followTables()
    // Computed first: the access to the sheet excludes all others to the model.
    let room = max(0, facts.queueLimit - live.outgoing.queuedCount)
    sheet?.room = room
    if settings != before { effects.append(.save(settings)) }
    pending.add(effects)
    if case .snapshot = message { effects += quitWhenFinished() }
    return effects
  }

  /// Tells the user that all uploads are done or that one has failed, as the user has chosen.
  private mutating func notify(about snapshot: Snapshot) -> [DashboardEffect] {
    guard facts.notification != .none else { return [] }
    let isDone = live.runningCount == 0 && !live.hasWaitingUploads
    return notices.text(for: snapshot, isDone: isDone).map { [.notify(facts.notification, $0)] } ?? []
  }

  private mutating func show(_ snapshot: Snapshot, at time: ClockTime) {
    // A log that is scrolled down continues to show the same entries.
    let isReading = view == .log && frozen == nil && logScroll.selection > 0
    let before = isReading ? live.log.newestFirst(logFilter.text).count : 0
    live.update(with: snapshot, at: time, sort: settings.sort, filter: uploadFilter)
    selectQueued()
    guard isReading else { return }
    let count = live.log.newestFirst(logFilter.text).count
    logScroll.move(by: max(0, count - before), count: count, visible: layout.visibleLogRows)
  }

  /// Selects the first of the files that were queued last, so that keys apply to it, unless it has no row: far down in
  /// the queue, or hidden by the filter.
  private mutating func selectQueued() {
    defer { queued = nil }
    let list = shown.outgoing
    guard let id = queued, let row = list.row(of: id) else { return }
    let window = window(.outgoing)
    places[.outgoing, default: ListPlace()].select(row, anchor: .uploadUntilEnd, in: list, window)
  }

  /// Adds a note to the log, also to that of a frozen screen.
  mutating func note(_ level: NoteLevel, _ text: String) {
    live.note(level, text)
    frozen?.note(level, text)
  }

  // MARK: What is shown

  /// The filter of the current view: that of the log, that of the rejected requests, or that of the panes.
  var filter: TextField {
    get {
      switch view {
      case .log: logFilter
      case .rejected: rejectedFilter
      case .panes, .detail, .clients: paneFilter
      }
    }
    set {
      switch view {
      case .log: logFilter = newValue
      case .rejected: rejectedFilter = newValue
      case .panes, .detail, .clients: paneFilter = newValue
      }
    }
  }

  /// The state that the screen is drawn from.
  var shown: DashboardState { frozen ?? live }

  var layout: ScreenLayout {
    var screen = ScreenLayout.Content(focus: focus, view: view)
    (screen.isZoomed, screen.hasWarning, screen.density) = (isZoomed, facts.warning != nil, settings.density)
    screen.hasSelection = selected != nil
    for direction in UploadDirection.allCases {
      let list = shown[direction]
      screen.uploads[Pane(direction)] = ScreenLayout.Uploads(
        tall: list.tallCount,
        steady: list.steadyTallCount,
        all: list.shown.count
      )
    }
    return ScreenLayout(size, screen)
  }

  /// The visible part of a list.
  func window(_ direction: UploadDirection) -> ListWindow {
    let (layout, pane) = (layout, Pane(direction))
    return ListWindow(
      heights: shown[direction].heights(layout.rowsPerUpload(in: pane)),
      rows: layout.listRect(of: pane).height
    )
  }

  func place(_ direction: UploadDirection) -> ListPlace { places[direction, default: ListPlace()] }

  /// The upload that keys apply to: the selected one of the list that had the focus last; nil when that list is empty.
  /// Among clients nil while a client is selected.
  var selected: UploadRecord? {
    guard view == .clients else { return place(direction).id.flatMap { shown[direction][$0] } }
    guard case .upload(let id) = clientPlace.id else { return nil }
    return shown[direction][id]
  }

  /// The link whose QR code is shown; nil while that dialog is closed.
  var codeLink: String? { linkIndex.flatMap { facts.links.indices.contains($0) ? facts.links[$0] : nil } }

  /// The entries of the log: in its large view those that contain the text of its filter, beside the panes those that
  /// contain the texts of theirs.
  var logEntries: [LogEntry] {
    view == .log ? shown.log.newestFirst(logFilter.text) : shown.log.newestFirst(containing: uploadFilter.logTexts)
  }

  // MARK: For the program around it

  /// Snapshots per second that the user wants: one of ``DashboardSettings/refreshRates``.
  package var refreshRate: Int { settings.refreshRate }

  /// Whether an upload is active or queued, also while the screen is frozen.
  package var hasRunningUploads: Bool { live.runningCount > 0 }

  /// Whether no upload is active or queued, and no result of an effect is pending.
  package var isIdle: Bool { !hasRunningUploads && pending.isEmpty }

  /// The window's title: while uploads run, how many are active in each direction, and the progress of all of them if
  /// it is known; otherwise the URL of the server. Without control characters.
  package var title: String {
    guard hasRunningUploads else { return "sluice \(facts.url)".printable }
    let counts = UploadDirection.allCases.map { "\($0.arrow(capabilities.isUnicode))\(live[$0].activeCount)" }
    let part = part.map { " \(Figures.percent($0))" } ?? ""
    return "sluice \(counts.joined(separator: " "))\(part)".printable
  }

  /// The progress of all running uploads together, for the taskbar: `none` without any, `error` while there are active
  /// ones and all of these are stalled, otherwise the fraction that has moved, or `busy` when that is unknown.
  package var progress: TaskbarProgress {
    guard hasRunningUploads else { return .none }
    let active = live.incoming.activeCount + live.outgoing.activeCount
    if active > 0, live.incoming.stalledCount + live.outgoing.stalledCount == active { return .error }
    return part.map(TaskbarProgress.part) ?? .busy
  }

  /// The fraction (0 to 1) of the bytes of all running uploads that have moved; nil when the size of an upload is
  /// unknown, an upload is not listed, or there are no bytes to move.
  private var part: Double? {
    let (incoming, outgoing) = (live.incoming.remaining, live.outgoing.remaining)
    let whole = incoming.whole + outgoing.whole
    guard incoming.isExact, outgoing.isExact, whole > 0 else { return nil }
    return (incoming.moved + outgoing.moved) / whole
  }
}
