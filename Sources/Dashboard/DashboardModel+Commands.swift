import TerminalUI
import UploadCore

extension DashboardModel {
  /// Whether a command does anything now: what is not valid has no place in the footer, and its key does nothing.
  func isValid(_ command: Command) -> Bool {
    if helpOffset != nil { return Self.worksInHelp(command) }
    let hasList = view != .log
    switch command {
    // Where the detail has all the screen already there is no larger one.
    case .detail: return hasList && (view == .detail || (selected != nil && layout.detail != layout.body))
    case .cancel: return hasList && selected?.isRunning == true
    case .retry: return hasList && selected.map { !$0.isRunning && $0.now.direction == .outgoing } == true
    case .clear: return shown.endedCount > 0
    case .back: return view != .panes || focus == .detail || !filter.isEmpty || frozen != nil
    case .faster: return nextRefreshRate(faster: true) != nil
    case .slower: return nextRefreshRate(faster: false) != nil
    case .move, .left, .right, .nextPane, .previousPane, .pane, .upload, .mode, .freeze, .sort, .filter, .log, .copy,
      .theme, .bar, .mouse, .help, .quit, .suspend, .redraw, .yes, .no, .keepFilter, .dropFilter:
      return true
    }
  }

  private static func worksInHelp(_ command: Command) -> Bool {
    switch command {
    case .move, .help, .back, .quit, .theme: true
    case .left, .right, .nextPane, .previousPane, .pane, .upload, .mode, .detail, .cancel, .retry, .clear, .freeze,
      .sort, .filter, .log, .copy, .bar, .faster, .slower, .mouse, .suspend, .redraw, .yes, .no, .keepFilter,
      .dropFilter:
      false
    }
  }

  /// Performs a command.
  /// - Returns: what it needs from outside the model.
  mutating func perform(_ command: Command) -> [DashboardEffect] {
    switch command {
    case .move(let motion): move(motion)
    case .left: focusPane(.incoming)
    case .right: focusPane(.outgoing)
    case .nextPane: focusNext(1)
    case .previousPane: focusNext(-1)
    case .pane(let pane): focusPane(pane)
    case .upload: return openPicker()
    case .mode: selectNextMode()
    case .detail: toggleDetail()
    case .cancel: askToCancel()
    case .retry: return retry()
    case .clear: clearEnded()
    case .freeze: frozen = frozen == nil ? live : nil
    case .sort: selectNextSort()
    case .filter: isTypingFilter = true
    case .log: toggleLog()
    case .copy: return copyURL()
    case .theme: settings.theme = settings.theme.next
    case .bar: settings.bar = settings.bar.next
    case .faster: setRefreshRate(faster: true)
    case .slower: setRefreshRate(faster: false)
    case .mouse: return toggleMouse()
    case .help: helpOffset = helpOffset == nil ? 0 : nil
    case .back: goBack()
    case .quit: return quit()
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .yes: return confirm()
    case .no: question = nil
    case .keepFilter: isTypingFilter = false
    case .dropFilter: dropFilter()
    }
    return []
  }

  // MARK: Uploads

  private mutating func askToCancel() {
    guard let upload = selected?.now else { return }
    question = .cancel(upload.id, name: upload.name, direction: upload.direction)
  }

  private mutating func retry() -> [DashboardEffect] {
    guard let upload = selected else { return [] }
    // What follows must be seen.
    frozen = nil
    return [.retry(upload.id)]
  }

  private mutating func clearEnded() {
    live.clearEnded()
    frozen?.clearEnded()
    rearrange()
  }

  private mutating func copyURL() -> [DashboardEffect] {
    guard capabilities.hasClipboard else {
      note(.warning, "this terminal takes no text for the clipboard; the URL is \(facts.sharedURL)")
      return []
    }
    return [.copy(facts.sharedURL)]
  }

  private mutating func toggleMouse() -> [DashboardEffect] {
    isMouseOn.toggle()
    note(.info, isMouseOn ? "the mouse selects uploads now" : "the mouse selects text again")
    return [.setMouse(isMouseOn)]
  }

  /// Quits, after a question while uploads run.
  private mutating func quit() -> [DashboardEffect] {
    if helpOffset != nil {
      helpOffset = nil
      return []
    }
    guard hasRunningUploads else { return [.quit] }
    question = .quit(running: live.runningCount)
    return []
  }

  /// Performs what the open question asks about.
  private mutating func confirm() -> [DashboardEffect] {
    defer { question = nil }
    switch question {
    case .cancel(let id, _, _):
      // What follows must be seen.
      frozen = nil
      return [.cancel(id)]
    case .quit: return [.quit]
    case nil: return []
    }
  }

  // MARK: What is shown

  private mutating func toggleDetail() {
    view = view == .detail ? .panes : .detail
    // The detail stays with the upload it was opened for, whatever the order becomes.
    if direction == .incoming { incomingPlace.keep() } else { outgoingPlace.keep() }
  }

  private mutating func toggleLog() {
    view = view == .log ? .panes : .log
    logFilter.clear()
    logScroll = Scroll()
  }

  /// One step: the help, the log with its filter or the detail, then the filter, then the stopped screen.
  private mutating func goBack() {
    if helpOffset != nil {
      helpOffset = nil
    } else if view == .log, !logFilter.isEmpty {
      dropFilter()
    } else if view != .panes {
      view = .panes
    } else if focus == .detail {
      focusPane(direction == .incoming ? .incoming : .outgoing)
    } else if !filter.isEmpty {
      dropFilter()
    } else {
      frozen = nil
    }
  }

  private mutating func dropFilter() {
    isTypingFilter = false
    filter.clear()
    applyFilter()
  }

  // MARK: Settings

  private mutating func selectNextMode() {
    settings.mode = SendSheet.modes.stepping(1, from: settings.mode)
    note(.info, "the next upload goes as \(settings.mode.rawValue)")
  }

  private mutating func selectNextSort() {
    settings.sort = settings.sort.next
    rearrange()
    note(.info, "uploads are ordered by \(settings.sort.words)")
  }

  private mutating func setRefreshRate(faster: Bool) {
    guard let rate = nextRefreshRate(faster: faster) else { return }
    settings.refreshRate = rate
    note(.info, "\(rate) \(rate == 1 ? "snapshot" : "snapshots") a second")
  }

  /// The rate that is one step faster or slower; nil at either end.
  private func nextRefreshRate(faster: Bool) -> Int? {
    let rates = DashboardSettings.refreshRates
    let current = settings.refreshRate
    return faster ? rates.first { $0 > current } : rates.last { $0 < current }
  }
}
