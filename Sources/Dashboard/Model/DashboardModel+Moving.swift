import TerminalUI
import UploadCore

extension DashboardModel {
  mutating func setPlace(_ place: ListPlace, _ direction: UploadDirection) {
    if direction == .incoming { incomingPlace = place } else { outgoingPlace = place }
  }

  mutating func focusPane(_ pane: Pane) {
    view = .panes
    focus = pane
    if let direction = pane.direction { self.direction = direction }
  }

  /// The pane before or after the one that has the keys, in a circle.
  mutating func focusNext(_ steps: Int) {
    let count = Pane.allCases.count
    let index = (Pane.allCases.firstIndex(of: focus) ?? 0) + steps + count
    focusPane(Pane.allCases[index % count])
  }

  /// Moves whatever the keys go to: the help, the log, or the selection.
  mutating func move(_ command: Command) {
    if helpOffset != nil {
      let page = HelpOverlay.extent(helpSections, size: size).visible
      scrollHelp(by: Self.steps(command, page: page))
    } else if view == .log {
      moveInLog(by: Self.steps(command, page: layout.visibleLogLines))
    } else {
      // In the detail the keys go from one upload of its list to the next.
      let pane = direction == .incoming ? Pane.incoming : .outgoing
      let visible = layout.visibleUploads(pane)
      var place = place(direction)
      if command == .top {
        place.release()
      } else {
        place.move(by: Self.steps(command, page: visible), in: shown[direction], visible: visible)
      }
      setPlace(place, direction)
    }
  }

  /// Far enough for any list, and nothing that could overflow.
  private static let toTheEnd = 1 << 20

  private static func steps(_ command: Command, page: Int) -> Int {
    switch command {
    case .up: -1
    case .down: 1
    case .pageUp: -page
    case .pageDown: page
    case .top: -toTheEnd
    case .bottom: toTheEnd
    default: 0
    }
  }

  mutating func moveInLog(by steps: Int) {
    logScroll.move(by: steps, count: logEntries.count, visible: layout.visibleLogLines)
  }

  mutating func scrollHelp(by steps: Int) {
    let (lines, visible) = HelpOverlay.extent(helpSections, size: size)
    helpOffset = HelpOverlay.clamped((helpOffset ?? 0) + steps, lines: lines, visible: visible)
  }

  // MARK: Filter

  /// Shows what contains the filter as it is by now.
  mutating func applyFilter() {
    rearrange()
    logScroll = Scroll()
  }

  mutating func rearrange() {
    live.arrange(by: settings.sort, filter: paneFilter.text)
    frozen?.arrange(by: settings.sort, filter: paneFilter.text)
  }
}
