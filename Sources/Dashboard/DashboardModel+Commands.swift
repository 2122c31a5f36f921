import TerminalUI
import UploadCore

extension DashboardModel {
  /// Whether a command may be performed now. If not, its key does nothing and the footer does not show it: for example
  /// a command without an upload to apply to, or one that the open help does not allow.
  func isValid(_ command: Command) -> Bool { isValid(command, commandTargets) }

  /// ``isValid(_:)`` for commands of which many are asked about at once.
  func isValid(_ command: Command, _ targets: @autoclosure () -> CommandTargets) -> Bool {
    if helpOffset != nil { return KeyTable.validInHelp.contains(command) }
    let hasList = view != .log && view != .rejected
    switch command {
    // A pane that fills the screen has no larger view.
    case .detail where togglesTree || togglesClient: return true
    case .detail: return hasList && (view == .detail || (selected != nil && layout.rect(of: .detail) != layout.body))
    case .cancel: return hasList && targets().hasRunning
    case .pause: return hasList && !targets().isEmpty
    case .retry: return hasList && targets().hasRetriable
    case .lowerLimit, .raiseLimit: return hasList && targets().hasLimitable
    case .mark: return hasList && selected != nil
    case .markAll: return hasList && !shown[direction].shown.isEmpty
    case .clear: return shown.endedCount > 0
    case .zoom: return view == .panes && (isZoomed || layout.rect(of: focus) != layout.body)
    case .back:
      return view != .panes || isZoomed || focus == .detail || !marks.isEmpty || !filter.isEmpty || frozen != nil
    case .faster, .slower: return nextRefreshRate(faster: command == .faster) != nil
    case .nextLink: return facts.links.count > 1
    case .move, .nextPane, .previousPane, .pane, .upload, .mode, .freeze, .sort, .filter, .log, .copy, .copyFile,
      .theme, .bar, .density, .mouse, .help, .quit, .quitWhenFinished, .suspend, .redraw, .yes, .no, .keepFilter,
      .clearFilter, .link, .previousLink, .closeLink, .rejected, .clients:
      return true
    }
  }

  /// Performs a command, without checking ``isValid(_:)``.
  /// - Returns: the effects that it needs.
  mutating func perform(_ command: Command) -> [DashboardEffect] {
    switch command {
    case .move(let motion): move(motion)
    case .pane(let pane) where view == .clients && pane != .detail: groupByClient(pane)
    case .nextPane where view == .clients, .previousPane where view == .clients:
      groupByClient(direction == .incoming ? .outgoing : .incoming)
    case .pane(let pane): focusPane(pane)
    case .nextPane: stepPane(by: 1)
    case .previousPane: stepPane(by: -1)
    case .zoom: isZoomed.toggle()
    case .upload: return acceptsUploads() ? openPicker() : []
    case .mode:
      settings.mode = SendSheet.modes.stepping(1, from: settings.mode)
      note(.info, "mode of the next upload: \(settings.mode.rawValue)")
    case .detail where togglesTree: toggleTree()
    case .detail where togglesClient: toggleClient()
    case .detail:
      if view == .clients { selectInPane() }
      view = view == .detail ? .panes : .detail
      // The detail shows the same upload when the order changes.
      places[direction, default: ListPlace()].anchor = .upload
    case .mark: toggleMark()
    case .markAll: invertMarks()
    case .cancel: askToCancel()
    case .pause: return pause()
    case .lowerLimit, .raiseLimit: return stepLimit(lower: command == .lowerLimit)
    case .retry: return retry()
    case .clear:
      live.clearEnded()
      frozen?.clearEnded()
      dropLostMarks()
      rearrange()
    case .freeze: frozen = frozen == nil ? live : nil
    case .sort:
      settings.sort = settings.sort.next
      rearrange()
      note(.info, "order of uploads: \(settings.sort.text)")
    case .density:
      settings.density = settings.density.next
      note(.info, settings.density.text)
    case .filter: isTypingFilter = true
    case .log:
      leaveTables()
      view = view == .log ? .panes : .log
      logFilter.clear()
      logScroll = Scroll()
    case .rejected: toggleRejected()
    case .clients: toggleClients()
    case .copy: return copyLink()
    case .copyFile: return copyFile()
    case .link: linkIndex = 0
    case .nextLink: stepLink(by: 1)
    case .previousLink: stepLink(by: -1)
    case .closeLink: linkIndex = nil
    case .theme: settings.theme = settings.theme.next
    case .bar: settings.bar = settings.bar.next
    case .faster, .slower:
      settings.refreshRate = nextRefreshRate(faster: command == .faster) ?? settings.refreshRate
      note(.info, "\(Figures.count(settings.refreshRate, "snapshot", "snapshots")) a second")
    case .mouse:
      isMouseOn.toggle()
      note(.info, isMouseOn ? "mouse on: it selects uploads" : "mouse off: it selects text in the terminal")
      return [.setMouse(isMouseOn)]
    case .help: helpOffset = helpOffset == nil ? 0 : nil
    case .back: goBack()
    case .quit where helpOffset != nil: helpOffset = nil
    case .quit: return quit()
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .yes: return confirm()
    case .quitWhenFinished:
      question = nil
      return setQuitting(true)
    case .no:
      defer { question = nil }
      if case .quit = question { return setQuitting(false) }
    case .keepFilter: keepFilter()
    case .clearFilter: clearFilter()
    }
    return []
  }

  /// Moves the focus to the next of the panes that are visible, from the last to the first; while one fills the screen,
  /// between the two lists.
  private mutating func stepPane(by steps: Int) {
    let panes = layout.panesInOrder
    focusPane(
      panes.count > 1 ? panes.stepping(steps, from: focus) : [.incoming, .outgoing].stepping(steps, from: focus)
    )
  }

  /// Whether Enter opens or closes the selected tree, and does not show the detail.
  var togglesTree: Bool { view == .panes && focus != .detail && selected?.tree != nil }

  private mutating func toggleTree() {
    guard let id = selected?.id else { return }
    live.toggleTree(id)
    frozen?.toggleTree(id)
    // The row remains selected when others appear above it.
    places[direction, default: ListPlace()].anchor = .upload
    rearrange()
  }

  private mutating func stepLink(by steps: Int) {
    let links = facts.links.indices
    linkIndex = linkIndex.map { Array(links).stepping(steps, from: $0) }
  }

  /// Performs what the open dialog asks about.
  private mutating func confirm() -> [DashboardEffect] {
    defer { question = nil }
    switch question {
    case .cancel(let id, _, _), .cancelTree(let id, _, _):
      // The result must be visible.
      frozen = nil
      return cancel(id)
    case .cancelMarked(let ids, _):
      frozen = nil
      return cancelAll(ids)
    case .quit: return [.quit]
    case nil: return []
    }
  }

  /// Goes back one step, the first that applies: closes the help, clears the log's filter, closes the log or the
  /// detail, ends the zoom, moves the focus from the detail to the list, removes all marks, clears the panes' filter, or
  /// resumes a frozen screen.
  private mutating func goBack() {
    if helpOffset != nil {
      helpOffset = nil
    } else if view == .log || view == .rejected, !filter.isEmpty {
      clearFilter()
    } else if view != .panes {
      leaveTables()
      view = .panes
    } else if isZoomed {
      isZoomed = false
    } else if focus == .detail {
      focusPane(Pane(direction))
    } else if !marks.isEmpty {
      marks = []
    } else if !filter.isEmpty {
      clearFilter()
    } else {
      frozen = nil
    }
  }

  /// Ends typing the filter, unless it is not valid: then it remains to be corrected.
  private mutating func keepFilter() {
    isTypingFilter = false
    guard usesPaneFilter else { return }
    applyFilter()
    isTypingFilter = filterProblem != nil
  }

  private mutating func clearFilter() {
    isTypingFilter = false
    filter.clear()
    applyFilter()
  }

  /// The next higher or lower rate in snapshots per second; nil when there is none.
  private func nextRefreshRate(faster: Bool) -> Int? {
    let rates = DashboardSettings.refreshRates
    return faster ? rates.first { $0 > settings.refreshRate } : rates.last { $0 < settings.refreshRate }
  }
}
