package import TerminalUI
import UploadCore

/// The dashboard: what it has heard, what it shows, and what it wants done.
///
/// A value without a clock, a file or a thread: ``update(_:)`` takes what happens and says what is to be done about it,
/// ``render()`` draws what is so.
package struct DashboardModel: Sendable {
  let facts: DashboardFacts
  let capabilities: TerminalCapabilities
  package internal(set) var settings: DashboardSettings
  var size: Size

  /// What is known by now.
  var live = Picture()
  /// What was known when the user stopped the screen; nil while it moves.
  var frozen: Picture?

  var focus = Pane.incoming
  var view = BodyView.panes
  /// The list that the keys went to last: the detail is about its selected upload.
  var direction = UploadDirection.incoming
  var incomingPlace = ListPlace()
  var outgoingPlace = ListPlace()
  var logScroll = Scroll()
  var filter = TextField()
  var isTypingFilter = false
  /// Lines of the help that are scrolled out; nil while it is not open.
  var helpOffset: Int?
  var question: Question?
  /// Kept while it is closed, with the places it has been to.
  var picker: FilePicker?
  var isPicking = false
  var sheet: SendSheet?
  var isMouseOn = false
  var awaited = AwaitedAnswers()

  /// - Parameters:
  ///   - capabilities: of the terminal it is drawn on.
  ///   - size: of that terminal.
  package init(facts: DashboardFacts, settings: DashboardSettings, capabilities: TerminalCapabilities, size: Size) {
    self.facts = facts
    self.settings = settings
    self.capabilities = capabilities
    self.size = size
    for note in facts.notes { live.note(.info, note) }
  }

  /// Takes something that has happened.
  /// - Returns: what is to be done about it, in this order.
  package mutating func update(_ message: DashboardMessage) -> [DashboardEffect] {
    let before = settings
    var effects: [DashboardEffect] = []
    let outgoing = live.outgoing
    awaited.take(message, knows: { outgoing[$0] != nil })
    switch message {
    case .input(let event): effects = take(event)
    case .snapshot(let snapshot, let time): take(snapshot, at: time)
    case .freeSpace(let bytes): live.freeSpace = bytes
    case .directory(let listing): effects = take(listing)
    case .checked(let check): sheet?.receive(check)
    case .note(let level, let text): live.note(level, text)
    }
    settle()
    if settings != before { effects.append(.save(settings)) }
    awaited.take(effects)
    return effects
  }

  private mutating func take(_ snapshot: Snapshot, at time: ClockTime) {
    // Who reads further down in the log goes on reading the same lines.
    let isReading = view == .log && frozen == nil && logScroll.selection > 0
    let before = isReading ? live.log.newestFirst(filter.text).count : 0
    live.take(snapshot, at: time, sort: settings.sort, filter: filter.text)
    guard isReading else { return }
    let count = live.log.newestFirst(filter.text).count
    logScroll.move(by: max(0, count - before), count: count, visible: layout.visibleLogLines)
  }

  /// Finds the selections again after anything may have changed.
  private mutating func settle() {
    let layout = layout
    incomingPlace.follow(shown.incoming, visible: layout.visibleUploads(.incoming))
    outgoingPlace.follow(shown.outgoing, visible: layout.visibleUploads(.outgoing))
  }

  // MARK: What is shown

  /// What the screen is drawn from.
  var shown: Picture { frozen ?? live }

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

  // MARK: For whoever runs it

  /// Snapshots wanted a second.
  package var refreshRate: Int { settings.refreshRate }

  package var hasRunningUploads: Bool { live.runningCount > 0 }

  /// Whether nothing runs and no answer to an effect is awaited.
  package var isIdle: Bool { !hasRunningUploads && awaited.isEmpty }
}
