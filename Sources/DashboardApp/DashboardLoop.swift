import CLinux
package import Dashboard
package import TerminalUI
package import UploadCore

/// The main thread while the dashboard is shown: it waits for input, signals, results and the next snapshot, updates
/// the model, performs the effects that the model returns, and draws.
///
/// Input is drawn at once, running uploads at the rate the user chose. While it runs, calls that may block are made on
/// other threads, except those of the terminal.
@MainActor
package final class DashboardLoop {
  /// The stages of the shutdown.
  enum Phase: Equatable {
    case running
    /// The engine is stopping; the screen is still shown, unless the terminal was closed.
    case stopping(lettingFinish: Bool)
    /// The engine has stopped: the loop ends.
    case over
    /// The loop ends without waiting for the engine to stop: after SIGQUIT, or SIGINT or SIGTERM during a stop.
    case abandoned
  }

  private(set) var phase = Phase.running
  package private(set) var model: DashboardModel
  /// The latest snapshot; nil before the first.
  package private(set) var snapshot: Snapshot?
  /// Number of the last SIGINT, SIGTERM, SIGHUP or SIGQUIT received; nil before. A first SIGINT counts as the key
  /// Ctrl-C, so the dashboard may continue.
  package private(set) var endSignal: Int32?
  /// Called on the main thread with every snapshot, before the model has it.
  package var onSnapshot: (Snapshot) -> Void = { _ in }
  let engine: DashboardEngine
  let performer: EffectPerformer
  /// The clipboard of tmux beside the terminal's own; nil outside of tmux.
  private let tmuxClipboard: TmuxClipboard?
  private let terminal: any Terminal
  private let eventQueue: EventQueue<LoopEvent>
  private let signals: Int32
  private let stopping: DashboardStop
  private let unreadTerminal: UnreadTerminal
  private let settings: SettingsSaver?
  private let targets: TargetsSaver?
  private var sampler: Sampler
  private var pace = SamplePace()
  private var space = SpaceWatch()
  private var idle = IdleWatch()
  /// When Ctrl-C was pressed last.
  private var lastInterrupt: ContinuousClock.Instant?
  private var isTerminalLost = false
  private var shownTitle = ""

  /// Loads the settings and the targets if the host has files for them, and draws the first frame.
  /// - Parameter exit: ends the process without waiting for the terminal; called on another thread when signals ask for
  ///   the end while drawing is blocked (``UnreadTerminal``). Nil for a terminal that never blocks.
  package init(
    _ engine: DashboardEngine,
    on terminal: any Terminal,
    host: DashboardHost,
    exit: (@Sendable () -> Never)? = nil
  ) {
    let (settings, note) = host.settingsFile?.load() ?? (DashboardSettings(), nil)
    let (targets, targetsNote) = host.targetsFile?.load() ?? (SavedTargets(), nil)
    let performer = EffectPerformer(engine: engine, eventQueue: host.eventQueue, paths: host.paths)
    (self.engine, self.terminal, self.performer) = (engine, terminal, performer)
    (eventQueue, signals, tmuxClipboard) = (host.eventQueue, host.signals, host.tmuxClipboard)
    let settingsSaver = host.settingsFile.map { SettingsSaver($0) { performer.note(.warning, $0) } }
    let targetsSaver = host.targetsFile.map { TargetsSaver($0) { performer.note(.warning, $0) } }
    (self.settings, self.targets) = (settingsSaver, targetsSaver)
    stopping = DashboardStop { await performer.stop(lettingFinish: $0, settings: settingsSaver, targets: targetsSaver) }
    unreadTerminal = UnreadTerminal(stopping)
    sampler = engine.server.sampler(engine.ledger)
    let facts = engine.facts(host.paths)
    var capabilities = terminal.capabilities
    if host.tmuxClipboard != nil { capabilities.hasClipboard = true }
    model = DashboardModel(
      facts: facts,
      settings: settings,
      capabilities: capabilities,
      size: terminal.size,
      targets: targets
    )
    if let exit {
      unreadTerminal.observe(
        signals,
        isBusy: { !engine.queue.isResting || engine.ledger.hasMovingUploads },
        forward: { [eventQueue] in eventQueue.post(.signal($0)) },
        exit: exit
      )
    }
    draw()
    performer.watchServer()
    for note in [note, targetsNote].compactMap({ $0 }) { send(.note(.warning, note)) }
    if let found = engine.unfinishedText { send(.note(.info, found)) }
    performer.readJournal()
  }

  /// Whether the loop has ended: the engine has stopped, or a signal told the loop not to wait for that.
  package var isOver: Bool { phase == .over || phase == .abandoned }

  /// Whether an upload, in either direction, runs or is queued and is neither interrupted nor paused, or work of an
  /// effect runs on another thread.
  package var isBusy: Bool { performer.isBusy || !engine.queue.isResting || engine.ledger.hasMovingUploads }

  /// Handles events on this thread until ``isOver``.
  package func run() { while !isOver { turn() } }

  /// Waits for events, the next tick (at most 1 s later) or the deadline. Handles everything that has arrived, takes a
  /// snapshot if one is due, and draws a frame if there was anything new.
  /// - Parameter deadline: returns at this time if that is before the next tick; nil for the next tick.
  package func turn(until deadline: ContinuousClock.Instant? = nil) {
    let input = isTerminalLost ? -1 : terminal.inputDescriptor
    let wakeUp = min(deadline ?? pace.nextTick, pace.nextTick)
    unreadTerminal.noteTurn()
    waitUntilReadable(input, signals, eventQueue.descriptor, until: wakeUp)
    unreadTerminal.noteTurn()
    var hasNews = false
    while let signal = DashboardSignal.next(from: signals) {
      handle(signal)
      hasNews = true
    }
    if !isTerminalLost {
      for event in terminal.pendingEvents() {
        if event == .closed { loseTerminal() } else { send(.input(event)) }
        hasNews = true
      }
    }
    for event in eventQueue.drain() {
      handle(event)
      hasNews = true
    }
    if sampleIfDue() || hasNews { draw() }
  }

  /// Updates the model, and performs the effects that it returns. Does not draw.
  func send(_ message: DashboardMessage) { for effect in model.update(message) { perform(effect) } }

  // MARK: Events

  private func handle(_ event: LoopEvent) {
    switch event {
    case .message(let message): send(message)
    case .signal(let signal): handle(signal)
    case .stopped:
      takeSnapshot()
      if !isOver { phase = .over }
    }
  }

  private func handle(_ signal: DashboardSignal) {
    if signal.endsProgram { endSignal = signal.number }
    switch signal {
    case .windowChange: terminal.windowDidChange()
    case .stop: suspend()
    case .resume:
      // The shell or another program may have changed the terminal meanwhile.
      terminal.suspend()
      terminal.resume()
    case .interrupt: interrupt()
    case .hangUp: loseTerminal()
    case .terminate: if phase == .running { stop(lettingFinish: true) } else { abandon() }
    case .quit: abandon()
    }
  }

  /// Handles Ctrl-C, which arrives as a signal, as a key; pressed again within two seconds, it quits immediately.
  private func interrupt() {
    let now = ContinuousClock.now
    guard phase == .running else { return abandon() }
    if let last = lastInterrupt, now - last < .seconds(2) { return stop(lettingFinish: false) }
    lastInterrupt = now
    send(.input(.key(KeyEvent("c", .control))))
  }

  private func abandon() {
    phase = .abandoned
    stopping.complete()
  }

  private func loseTerminal() {
    isTerminalLost = true
    stop(lettingFinish: false)
  }

  // MARK: Uploads

  /// Takes a snapshot of the uploads if it is time to.
  private func sampleIfDue() -> Bool {
    let activity = engine.ledger.activityCount
    guard pace.isDue(at: .now, rate: model.refreshRate, activity: activity) else { return false }
    takeSnapshot()
    return true
  }

  private func takeSnapshot() {
    let snapshot = engine.snapshot(&sampler)
    self.snapshot = snapshot
    onSnapshot(snapshot)
    send(.snapshot(snapshot, .now))
    pace.note(snapshot, isQuiet: model.isIdle)
    if space.isDue(at: snapshot.at, isQuiet: snapshot.isResting) { performer.readFreeSpace() }
    if idle.becomesIdle(with: snapshot) { performer.releaseMemory() }
  }

  // MARK: Effects

  /// Performs an effect. Does not wait for its result, which arrives as an event; only `suspend` blocks, until the
  /// process is continued.
  package func perform(_ effect: DashboardEffect) {
    switch effect {
    case .send(let paths, let target, let mode): performer.send(paths: paths, to: target, mode: mode)
    case .cancel(let id): performer.cancel(id)
    case .setPaused(let id, let isPaused): performer.setPaused(id, isPaused)
    case .setTreePaused(let group, let isPaused): performer.setPaused(incoming: group, isPaused)
    case .setLimit(let id, let limit): performer.setLimit(id, limit)
    case .setTreeLimit(let group, let limit): performer.setLimit(incoming: group, limit)
    case .retry(let id): performer.retry(id)
    case .readDirectory(let path): performer.readDirectory(path)
    case .check(let paths, let target): performer.check(paths: paths, target: target)
    case .countDirectory(let path): performer.countDirectory(path)
    case .stopCounting: performer.stopCounting()
    case .copy(let source): copy(source)
    case .setMouse(let isOn): terminal.setMouse(isOn)
    case .notify(let mode, let text): notify(mode, text)
    case .acceptUploads(let accepts): engine.accept(accepts)
    case .save(let settings): self.settings?.save(settings)
    case .saveTarget(let change): targets?.save(change)
    case .redraw: terminal.windowDidChange()
    case .suspend: suspend()
    case .quit: stop(lettingFinish: false)
    }
    pace.wake()
  }

  private func copy(_ source: CopySource) {
    do throws(UploadError) {
      let copied = try engine.copiedText(source, paths: performer.paths)
      terminal.copy(copied.text)
      performer.copy(copied, to: tmuxClipboard)
    } catch {
      performer.note(.warning, error.message)
    }
  }

  private func notify(_ mode: NotificationMode, _ text: String) {
    guard !isTerminalLost else { return }
    switch mode {
    case .none: break
    case .bell: terminal.ringBell()
    case .desktop: terminal.notify(text)
    }
  }

  private func suspend() {
    terminal.suspend()
    clinux_stop_process()
    terminal.resume()
  }

  /// Begins the shutdown, or turns a graceful one into an immediate one.
  private func stop(lettingFinish: Bool) {
    guard phase == .running || (phase == .stopping(lettingFinish: true) && !lettingFinish) else { return }
    phase = .stopping(lettingFinish: lettingFinish)
    stopping.begin(lettingFinish: lettingFinish)
    send(.note(.warning, lettingFinish ? "Stopping: uploads may finish within \(engine.graceText)." : "Stopping."))
  }

  // MARK: The screen

  private func draw() {
    guard !isTerminalLost else { return }
    terminal.draw(model.render())
    if model.title != shownTitle {
      shownTitle = model.title
      terminal.setTitle(shownTitle)
    }
    terminal.setProgress(model.progress.inWholePercents)
  }
}

extension TaskbarProgress {
  /// The progress rounded down to whole percents; finer steps would not be visible.
  fileprivate var inWholePercents: TaskbarProgress {
    if case .part(let part) = self { .part((part * 100).rounded(.down) / 100) } else { self }
  }
}

/// An event that is posted to the main thread's queue.
enum LoopEvent: Sendable {
  case message(DashboardMessage)
  /// A signal that was received while this thread was blocked.
  case signal(DashboardSignal)
  /// The engine has stopped, and the settings are written or that took longer than 2 s.
  case stopped
}
