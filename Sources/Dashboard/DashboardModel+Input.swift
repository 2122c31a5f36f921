import TerminalUI
import UploadCore

extension DashboardModel {
  /// Takes what comes from the terminal.
  mutating func take(_ event: InputEvent) -> [DashboardEffect] {
    switch event {
    case .key(let key): return press(key)
    case .paste(let text): return paste(text)
    case .mouse(let mouse): return point(mouse)
    case .resize(let size):
      self.size = size
      return []
    case .focus: return []
    case .closed: return [.quit]
    }
  }

  /// Where a key goes that does not mean the same everywhere.
  var keyContext: KeyContext {
    if question != nil { return .question }
    return isTypingFilter && helpOffset == nil ? .filter : .dashboard
  }

  private mutating func press(_ key: KeyEvent) -> [DashboardEffect] {
    if let command = KeyTable.command(for: key, in: .program) {
      guard question == nil || command != .help else { return [] }
      // The second Ctrl-C quits without confirmation; the first asks for it wherever it is pressed.
      if command == .quit {
        if case .quit = question { return [.quit] }
        helpOffset = nil
      }
      return perform(command)
    }
    let context = keyContext
    if isSending, helpOffset == nil, question == nil { return takeWhileSending(.key(key)) }
    if let command = KeyTable.command(for: key, in: context) {
      return isValid(command) ? perform(command) : []
    }
    if context == .filter, filter.handle(key) { applyFilter() }
    return []
  }

  /// A path opens the sheet, wherever it is pasted: a file that is dropped on a terminal comes as its path.
  private mutating func paste(_ text: String) -> [DashboardEffect] {
    guard question == nil else { return [] }
    helpOffset = nil
    if isSending { return takeWhileSending(.paste(text)) }
    let paths = PastedPaths.parse(text, home: facts.home)
    if !paths.isEmpty { return openSheet(paths) }
    if isTypingFilter {
      filter.insert(text)
      applyFilter()
    } else {
      note(.info, "what was pasted is no path, so there is nothing to send")
    }
    return []
  }

  // MARK: Mouse

  private mutating func point(_ mouse: MouseEvent) -> [DashboardEffect] {
    guard isMouseOn, question == nil else { return [] }
    if helpOffset != nil {
      scrollHelp(by: mouse.action.steps)
      return []
    }
    if isSending { return takeWhileSending(.mouse(mouse)) }
    let layout = layout
    if layout.log.contains(mouse.position) {
      if view == .log { moveInLog(by: mouse.action.steps) }
      return []
    }
    guard let pane = Pane.allCases.first(where: { layout.rect(of: $0).contains(mouse.position) }) else { return [] }
    if mouse.action == .press { focusPane(pane) }
    guard let direction = pane.direction else { return [] }
    let visible = layout.visibleUploads(pane)
    let list = shown[direction]
    var place = place(direction)
    if mouse.action == .press {
      let content = Panel.content(of: layout.rect(of: pane))
      guard content.contains(mouse.position) else { return [] }
      let row = (mouse.position.y - content.y) / layout.linesPerUpload
      let index = place.scroll.offset(count: list.shown.count, visible: visible) + row
      guard list.shown.indices.contains(index) else { return [] }
      place.select(index, in: list, visible: visible)
    } else {
      place.move(by: mouse.action.steps, in: list, visible: visible)
    }
    setPlace(place, direction)
    return []
  }
}

extension MouseEvent.Action {
  /// How far it moves what is under the pointer.
  fileprivate var steps: Int {
    switch self {
    case .press: 0
    case .scrollUp: -1
    case .scrollDown: 1
    }
  }
}

extension Pane {
  /// What its uploads do; nil for the detail, which has none.
  var direction: UploadDirection? {
    switch self {
    case .incoming: .incoming
    case .outgoing: .outgoing
    case .detail: nil
    }
  }
}

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
    focusPane(Pane.allCases.stepping(steps, from: focus))
  }

  /// Moves in whatever has the keys: the help, the log, or the selection.
  mutating func move(_ motion: Motion) {
    if helpOffset != nil {
      let page = HelpOverlay.extent(helpSections, size: size).visible
      scrollHelp(by: motion.steps(page: page))
    } else if view == .log {
      moveInLog(by: motion.steps(page: layout.visibleLogLines))
    } else {
      // In the detail the keys go from one upload of its list to the next.
      let pane = direction == .incoming ? Pane.incoming : .outgoing
      let visible = layout.visibleUploads(pane)
      var place = place(direction)
      if motion == .top {
        place.release()
      } else {
        place.move(by: motion.steps(page: visible), in: shown[direction], visible: visible)
      }
      setPlace(place, direction)
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
