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
    case .faster: return settings.refreshRate < DashboardSettings.refreshRates.last ?? 0
    case .slower: return settings.refreshRate > DashboardSettings.refreshRates.first ?? 0
    default: return true
    }
  }

  private static func worksInHelp(_ command: Command) -> Bool {
    switch command {
    case .up, .down, .pageUp, .pageDown, .top, .bottom, .help, .back, .quit, .theme: true
    default: false
    }
  }

  /// Does what a key asks for; what it cannot do itself it asks for in turn.
  mutating func perform(_ command: Command) -> [DashboardEffect] {
    switch command {
    case .up, .down, .pageUp, .pageDown, .top, .bottom: move(command)
    case .left: focusPane(.incoming)
    case .right: focusPane(.outgoing)
    case .nextPane: focusNext(1)
    case .previousPane: focusNext(-1)
    case .pane(let pane): focusPane(pane)
    case .yes: return answer()
    case .no: question = nil
    case .upload: return openPicker()
    case .cancel, .retry, .clear, .copy: return act(command)
    case .quit: return quit()
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .mouse:
      isMouseOn.toggle()
      note(.info, isMouseOn ? "the mouse selects uploads now" : "the mouse selects text again")
      return [.setMouse(isMouseOn)]
    default: show(command)
    }
    return []
  }

  // MARK: Uploads

  private mutating func act(_ command: Command) -> [DashboardEffect] {
    switch command {
    case .cancel:
      guard let upload = selected?.now else { return [] }
      question = .cancel(upload.id, name: upload.name, direction: upload.direction)
    case .retry:
      guard let upload = selected else { return [] }
      // What follows must be seen.
      frozen = nil
      return [.retry(upload.id)]
    case .clear:
      live.clearEnded()
      frozen?.clearEnded()
      rearrange()
    case .copy:
      guard capabilities.hasClipboard else {
        note(.warning, "this terminal takes no text for the clipboard; the URL is \(facts.sharedURL)")
        return []
      }
      return [.copy(facts.sharedURL)]
    default: break
    }
    return []
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

  private mutating func answer() -> [DashboardEffect] {
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

  private mutating func show(_ command: Command) {
    switch command {
    case .detail:
      view = view == .detail ? .panes : .detail
      // Who reads about an upload does not want to find another one there.
      if direction == .incoming { incomingPlace.keep() } else { outgoingPlace.keep() }
    case .log:
      view = view == .log ? .panes : .log
      logFilter.clear()
      logScroll = Scroll()
    case .help: helpOffset = helpOffset == nil ? 0 : nil
    case .back: goBack()
    case .freeze: frozen = frozen == nil ? live : nil
    case .filter: isTypingFilter = true
    case .keepFilter: isTypingFilter = false
    case .dropFilter: dropFilter()
    default: set(command)
    }
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

  private mutating func set(_ command: Command) {
    switch command {
    case .mode:
      settings.mode = settings.mode.nextToSend
      note(.info, "the next upload goes as \(settings.mode.rawValue)")
    case .sort:
      settings.sort = settings.sort.next
      rearrange()
      note(.info, "uploads are ordered by \(settings.sort.words)")
    case .theme:
      settings.theme = settings.theme.next
    case .bar:
      settings.bar = settings.bar.next
    case .faster, .slower:
      setRefreshRate(faster: command == .faster)
    default: break
    }
  }

  private mutating func setRefreshRate(faster: Bool) {
    let rates = DashboardSettings.refreshRates
    let current = settings.refreshRate
    guard let rate = faster ? rates.first(where: { $0 > current }) : rates.last(where: { $0 < current }) else { return }
    settings.refreshRate = rate
    note(.info, "\(rate) \(rate == 1 ? "snapshot" : "snapshots") a second")
  }
}

extension UploadMode {
  /// The one after this among those that can be sent.
  var nextToSend: UploadMode {
    switch self {
    case .stream: .multipart
    case .multipart: .buffered
    case .buffered, .raw: .stream
    }
  }
}

extension UploadSort {
  var next: UploadSort {
    switch self {
    case .started: .name
    case .name: .rate
    case .rate: .progress
    case .progress: .memory
    case .memory: .started
    }
  }

  /// As it is said to the user.
  var words: String {
    switch self {
    case .started: "start, newest first"
    case .name: "name"
    case .rate: "rate, fastest first"
    case .progress: "progress, nearest to the end first"
    case .memory: "memory, most first"
    }
  }
}
