import TerminalUI
import UploadCore

extension DashboardModel {
  /// Whether a command may be performed now. If not, its key does nothing and the footer does not show it: for example
  /// a command without an upload to apply to, or one that the open help does not allow.
  func isValid(_ command: Command) -> Bool {
    if helpOffset != nil { return KeyTable.validInHelp.contains(command) }
    let hasList = view != .log
    switch command {
    // A pane that fills the screen has no larger view.
    case .detail where togglesTree: return true
    case .detail: return hasList && (view == .detail || (selected != nil && layout.rect(of: .detail) != layout.body))
    case .cancel: return hasList && selected?.isRunning == true
    case .pause: return hasList && selected != nil
    case .retry:
      // A file of a tree is sent again with that.
      return hasList && selected.map { !$0.isRunning && $0.now.direction == .outgoing && !$0.isInTree } == true
    case .clear: return shown.endedCount > 0
    case .back: return view != .panes || focus == .detail || !filter.isEmpty || frozen != nil
    case .faster, .slower: return nextRefreshRate(faster: command == .faster) != nil
    case .nextLink: return facts.links.count > 1
    case .move, .nextPane, .previousPane, .pane, .upload, .mode, .freeze, .sort, .filter, .log, .copy, .theme, .bar,
      .mouse, .help, .quit, .suspend, .redraw, .yes, .no, .keepFilter, .clearFilter, .link, .previousLink, .closeLink:
      return true
    }
  }

  /// Performs a command, without checking ``isValid(_:)``.
  /// - Returns: the effects that it needs.
  mutating func perform(_ command: Command) -> [DashboardEffect] {
    switch command {
    case .move(let motion): move(motion)
    case .pane(let pane): focusPane(pane)
    case .nextPane: focusPane(focus.next)
    case .previousPane: focusPane(Pane.allCases.stepping(-1, from: focus))
    case .upload: return openPicker()
    case .mode:
      settings.mode = SendSheet.modes.stepping(1, from: settings.mode)
      note(.info, "mode of the next upload: \(settings.mode.rawValue)")
    case .detail where togglesTree: toggleTree()
    case .detail:
      view = view == .detail ? .panes : .detail
      // The detail shows the same upload when the order changes.
      places[direction, default: ListPlace()].anchor = .upload
    case .cancel:
      question = selected.map { record in
        let (name, direction) = (record.now.name, record.now.direction)
        return record.tree == nil
          ? .cancel(record.id, name: name, direction: direction)
          : .cancelTree(record.id, name: name, direction: direction)
      }
    case .pause: return pause()
    case .retry:
      guard let upload = selected else { break }
      // The new attempt must be visible.
      frozen = nil
      return [.retry(upload.id)]
    case .clear:
      live.clearEnded()
      frozen?.clearEnded()
      rearrange()
    case .freeze: frozen = frozen == nil ? live : nil
    case .sort:
      settings.sort = settings.sort.next
      rearrange()
      note(.info, "order of uploads: \(settings.sort.text)")
    case .filter: isTypingFilter = true
    case .log:
      view = view == .log ? .panes : .log
      logFilter.clear()
      logScroll = Scroll()
    case .copy: return copyLink()
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
    case .no: question = nil
    case .keepFilter: isTypingFilter = false
    case .clearFilter: clearFilter()
    }
    return []
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

  /// The effects that cancel a tree: an outgoing one is an upload of the queue, an incoming one the files that are being
  /// received.
  private func cancelTree(_ id: UploadID, _ direction: UploadDirection) -> [DashboardEffect] {
    switch direction {
    case .outgoing: [.cancel(id)]
    case .incoming: live[direction].activeFiles(of: id).map { .cancel($0) }
    }
  }

  /// Pauses or continues the selected upload, or says in a note why that is not possible.
  private mutating func pause() -> [DashboardEffect] {
    guard let id = selected?.id, let record = live[direction][id] else { return [] }
    if let obstacle = record.pauseObstacle {
      note(.warning, obstacle)
      return []
    }
    // The result must be visible.
    frozen = nil
    return [.setPaused(id, !record.isPaused)]
  }

  /// Copies the link whose QR code is shown, otherwise the one in the header; without a clipboard a note has it.
  private mutating func copyLink() -> [DashboardEffect] {
    let link = codeLink ?? facts.shownLink
    if capabilities.hasClipboard { return [.copy(link)] }
    note(.warning, "this terminal has no clipboard for programs; the link is \(link)")
    return []
  }

  private mutating func stepLink(by steps: Int) {
    let links = facts.links.indices
    linkIndex = linkIndex.map { Array(links).stepping(steps, from: $0) }
  }

  /// Quits; asks for confirmation while uploads run.
  private mutating func quit() -> [DashboardEffect] {
    guard hasRunningUploads else { return [.quit] }
    question = .quit(running: live.runningCount)
    return []
  }

  /// Performs what the open dialog asks about.
  private mutating func confirm() -> [DashboardEffect] {
    defer { question = nil }
    switch question {
    case .cancel(let id, _, _):
      // The result must be visible.
      frozen = nil
      return [.cancel(id)]
    case .cancelTree(let id, _, let direction):
      frozen = nil
      return cancelTree(id, direction)
    case .quit: return [.quit]
    case nil: return []
    }
  }

  /// Goes back one step, the first that applies: closes the help, clears the log's filter, closes the log or the
  /// detail, moves the focus from the detail to the list, clears the panes' filter, or resumes a frozen screen.
  private mutating func goBack() {
    if helpOffset != nil {
      helpOffset = nil
    } else if view == .log, !logFilter.isEmpty {
      clearFilter()
    } else if view != .panes {
      view = .panes
    } else if focus == .detail {
      focusPane(Pane(direction))
    } else if !filter.isEmpty {
      clearFilter()
    } else {
      frozen = nil
    }
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

extension UploadRecord {
  /// Why the upload or tree can neither be paused nor continued, as a note; nil if it can.
  var pauseObstacle: String? { tree.map(\.now.pauseObstacle) ?? now.pauseObstacle }
}

extension GroupSnapshot {
  /// Why the tree can neither be paused nor continued, as a note; nil if it can.
  fileprivate var pauseObstacle: String? {
    if hasEnded { return "this tree has ended: it cannot be paused" }
    return direction == .incoming ? "only the client can pause an incoming tree" : nil
  }
}

extension UploadSnapshot {
  /// Why the upload can neither be paused nor continued, as a note; nil if it can.
  fileprivate var pauseObstacle: String? {
    if outcome != nil { return "this upload has ended: it cannot be paused" }
    if direction == .incoming { return "only the client can pause an incoming upload" }
    if isQueued, state != .paused { return "this upload has not begun: it cannot be paused" }
    return canPause ? nil : "only a resumable upload can be paused, and this one is not"
  }
}
