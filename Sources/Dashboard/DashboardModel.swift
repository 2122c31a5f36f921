package import TerminalUI
import UploadCore

/// The dashboard: what it knows, what it shows, and what it wants done.
///
/// A value without a clock, a file or a thread: ``update(_:)`` takes a message and returns effects, ``render()`` draws
/// the state.
package struct DashboardModel: Sendable {
  let facts: DashboardFacts
  let capabilities: TerminalCapabilities
  package internal(set) var settings: DashboardSettings
  var size: Size

  /// What is known by now.
  var live = DashboardState()
  /// What was known when the user stopped the screen; nil while it moves.
  var frozen: DashboardState?

  var focus = Pane.incoming
  var view = BodyView.panes
  /// The list that the keys went to last: the detail is about its selected upload.
  var direction = UploadDirection.incoming
  var incomingPlace = ListPlace()
  var outgoingPlace = ListPlace()
  /// The first of the files that were sent last, until it is in the list.
  var sent: UploadID?
  var logScroll = Scroll()
  /// Of the panes.
  var paneFilter = TextField()
  /// Of the event log while it is shown large.
  var logFilter = TextField()
  var isTypingFilter = false
  /// Lines of the help that are scrolled out; nil while it is not open.
  var helpOffset: Int?
  var question: Question?
  /// Kept while it is closed, with the places it has been to.
  var picker: FilePicker?
  var isPicking = false
  var sheet: SendSheet?
  var isMouseOn = false
  var pending = PendingEffects()

  /// - Parameters:
  ///   - capabilities: of the terminal it is drawn on.
  ///   - size: of that terminal.
  package init(facts: DashboardFacts, settings: DashboardSettings, capabilities: TerminalCapabilities, size: Size) {
    self.facts = facts
    self.settings = settings
    self.capabilities = capabilities
    self.size = size
    for text in facts.notes { note(.info, text) }
  }

  /// Takes something that has happened.
  /// - Returns: what is to be done about it, in this order.
  package mutating func update(_ message: DashboardMessage) -> [DashboardEffect] {
    let before = settings
    var effects: [DashboardEffect] = []
    let outgoing = live.outgoing
    pending.take(message, knows: { outgoing[$0] != nil })
    switch message {
    case .input(let event): effects = take(event)
    case .snapshot(let snapshot, let time): take(snapshot, at: time)
    case .freeSpace(let bytes): live.freeSpace = bytes
    case .directory(let listing): effects = take(listing)
    case .checked(let check): sheet?.receive(check)
    case .queued(let id): sent = id
    case .note(let level, let text): note(level, text)
    }
    settle()
    if settings != before { effects.append(.save(settings)) }
    pending.take(effects)
    return effects
  }

  private mutating func take(_ snapshot: Snapshot, at time: ClockTime) {
    // A log that is scrolled down keeps showing the same lines.
    let isReading = view == .log && frozen == nil && logScroll.selection > 0
    let before = isReading ? live.log.newestFirst(logFilter.text).count : 0
    live.take(snapshot, at: time, sort: settings.sort, filter: paneFilter.text)
    selectSent()
    guard isReading else { return }
    let count = live.log.newestFirst(logFilter.text).count
    logScroll.move(by: max(0, count - before), count: count, visible: layout.visibleLogLines)
  }

  /// Selects what was sent last, so that the keys are about it. Each snapshot after it was begun has it, unless it is far
  /// down in the queue or the filter hides it.
  private mutating func selectSent() {
    guard let id = sent else { return }
    sent = nil
    guard let row = shown.outgoing.row(of: id) else { return }
    outgoingPlace.propose(row, in: shown.outgoing, visible: layout.visibleUploads(.outgoing))
  }

  /// Says something to the user, on a screen that stands still too.
  mutating func note(_ level: NoteLevel, _ text: String) {
    live.note(level, text)
    frozen?.note(level, text)
  }

  /// Finds the selections again after anything may have changed.
  private mutating func settle() {
    let layout = layout
    incomingPlace.follow(shown.incoming, visible: layout.visibleUploads(.incoming))
    outgoingPlace.follow(shown.outgoing, visible: layout.visibleUploads(.outgoing))
    let room = max(0, facts.lineLimit - live.outgoing.waitingCount)
    sheet?.room = room
  }

  // MARK: What is shown

  /// Of what is shown: typing changes it.
  var filter: TextField {
    get { view == .log ? logFilter : paneFilter }
    set { if view == .log { logFilter = newValue } else { paneFilter = newValue } }
  }

  /// What the screen is drawn from.
  var shown: DashboardState { frozen ?? live }

  var layout: ScreenLayout {
    ScreenLayout(size, focus: focus, view: view, hasWarning: facts.warning != nil)
  }

  func place(_ direction: UploadDirection) -> ListPlace {
    direction == .incoming ? incomingPlace : outgoingPlace
  }

  /// The upload that keys are about.
  var selected: UploadRecord? {
    place(direction).id.flatMap { shown[direction][$0] }
  }

  var logEntries: [LogEntry] { shown.log.newestFirst(filter.text) }

  // MARK: For the host

  /// Snapshots wanted a second.
  package var refreshRate: Int { settings.refreshRate }

  package var hasRunningUploads: Bool { live.runningCount > 0 }

  /// Whether nothing runs and no effect is pending.
  package var isIdle: Bool { !hasRunningUploads && pending.isEmpty }
}

extension DashboardModel {
  /// For the window's title: what runs and how far it is, or where to upload to. Harmless to a terminal.
  package var title: String {
    guard hasRunningUploads else { return "sluice \(facts.url)".printable }
    let counts = UploadDirection.allCases.map { "\($0.arrow(capabilities.isUnicode))\(live[$0].activeCount)" }
    let part = part.map { " \(Figures.percent($0))" } ?? ""
    return "sluice \(counts.joined(separator: " "))\(part)".printable
  }

  /// For the window's entry in the taskbar: how far all running uploads are together, an error while none of them moves.
  package var progress: TaskbarProgress {
    guard hasRunningUploads else { return .none }
    let active = live.incoming.activeCount + live.outgoing.activeCount
    if active > 0, live.incoming.stalledCount + live.outgoing.stalledCount == active { return .error }
    return part.map(TaskbarProgress.part) ?? .busy
  }

  /// The part of all bytes that have moved; nil when an upload has no length, or there are some that are not listed.
  private var part: Double? {
    guard live.outgoing.unlisted == 0 else { return nil }
    var (bytes, size) = (0.0, 0.0)
    for record in live.incoming.runningRecords + live.outgoing.runningRecords {
      guard let whole = record.now.size else { return nil }
      bytes += Double(min(record.now.bytes, whole))
      size += Double(whole)
    }
    return size > 0 ? bytes / size : nil
  }
}
