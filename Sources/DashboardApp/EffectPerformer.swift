import Dashboard
import NIOPosix
import Synchronization
import UploadClient
import UploadCore

/// Performs the dashboard's effects on the engine. No function blocks; results and problems are posted to the event
/// queue.
final class EffectPerformer: Sendable {
  private let engine: DashboardEngine
  private let eventQueue: EventQueue<LoopEvent>
  let paths: LocalPath
  /// Threads for calls that may block, such as those to a network file system.
  private let helpers = NIOThreadPool(numberOfThreads: 3)
  /// Counts directories, which may take long: one after another, apart from all else.
  private let counter = NIOThreadPool(numberOfThreads: 1)
  private let countStop = CountStop()
  private let pending = Atomic<Int>(0)

  init(engine: DashboardEngine, eventQueue: EventQueue<LoopEvent>, paths: LocalPath) {
    (self.engine, self.eventQueue, self.paths) = (engine, eventQueue, paths)
    helpers.start()
    counter.start()
  }

  /// Whether work of an effect still runs on another thread; a stop does not count.
  var isBusy: Bool { pending.load(ordering: .acquiring) > 0 }

  func send(paths: [String], to destination: SendDestination, mode: UploadMode) {
    let target: SendTarget
    do throws(UploadError) {
      target = try engine.target(destination)
    } catch {
      return note(.error, error.message)
    }
    let jobs = paths.map { UploadJob(path: self.paths.absolute($0), target: target, mode: mode) }
    let rejected = engine.queue.add(jobs)
    if rejected < jobs.count { eventQueue.post(.message(.queued(jobs[0].id))) }
    inBackground { [engine] in
      var sizes: [UploadID: UInt64] = [:]
      for job in jobs { sizes[job.id] = UploadJob.size(of: job.path) }
      engine.queue.note(sizes: sizes)
    }
    guard rejected > 0 else { return }
    note(.error, "\(rejected) files were not queued: the queue is full. Send them when other uploads have finished.")
  }

  func cancel(_ id: UploadID) {
    guard let job = engine.queue.cancel(id) else {
      if !engine.ledger.cancel(id) { note(.info, "The upload ended before it could be cancelled.") }
      return
    }
    // The next process must not list it again. The server deletes what it has when that expires.
    guard let journal = engine.journal, let entry = job.unfinished else { return }
    inBackground { journal.remove(entry) }
  }

  func setPaused(_ id: UploadID, _ isPaused: Bool) {
    if !engine.setPaused(id, isPaused) { note(.info, "The upload ended before it could be paused.") }
  }

  func setPaused(incoming group: String, _ isPaused: Bool) {
    if !engine.setPaused(incoming: group, isPaused) { note(.info, "The tree ended before it could be paused.") }
  }

  func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) {
    if !engine.setLimit(id, bytesPerSecond) { note(.info, "The upload ended before its rate could be limited.") }
  }

  func setLimit(incoming group: String, _ bytesPerSecond: UInt64?) {
    guard !engine.setLimit(incoming: group, bytesPerSecond) else { return }
    note(.warning, "Too many trees have a limit: wait until some of them have ended.")
  }

  /// Lists the unfinished uploads of the journal as paused ones, but those that another process sends now.
  func readJournal() {
    guard let journal = engine.journal else { return }
    inBackground { [engine, self] in
      let entries = journal.entries().filter { !journal.isInUse($0) }
      let jobs = entries.compactMap { entry in
        engine.target(of: entry).map { UploadJob(continuing: entry, target: $0) }
      }
      guard !jobs.isEmpty else { return }
      engine.queue.addPaused(jobs)
      let uploads = jobs.count == 1 ? "1 outgoing upload is" : "\(jobs.count) outgoing uploads are"
      note(.info, "\(uploads) unfinished: select it and press p to continue.")
    }
  }

  func retry(_ id: UploadID) {
    guard let again = engine.queue.retry(id) else {
      return note(.error, "This upload cannot be sent again: it runs, is no longer known, or the queue is full.")
    }
    eventQueue.post(.message(.queued(again)))
  }

  func readDirectory(_ path: String) { post { [paths] in .directory(DirectoryReader(paths: paths).read(path)) } }

  func check(paths: [String], target: SendDestination) {
    post { [engine, checker = FileChecker(paths: self.paths)] in
      var check = SendCheck(files: paths.map { checker.check($0) }, target: target, targetProblem: nil)
      do throws(UploadError) {
        _ = try engine.target(target)
      } catch {
        check.targetProblem = error.message
      }
      return .checked(check)
    }
  }

  func countDirectory(_ path: String) {
    let requested = countStop.current
    pending.add(1, ordering: .relaxed)
    counter.submit { [self] _ in
      var count = DirectoryCounter().count(paths.absolute(path)) { countStop.isStopped(since: requested) }
      count.path = path
      eventQueue.post(.message(.counted(count)))
      pending.subtract(1, ordering: .releasing)
    }
  }

  func stopCounting() { countStop.stop() }

  /// Copies a text that was sent to the terminal's clipboard to tmux too, where there is one, and reports that.
  func copy(_ copied: CopiedText, to clipboard: TmuxClipboard?) {
    guard let clipboard else { return note(.info, copied.note(isInTmux: false)) }
    inBackground { [self] in note(.info, copied.note(isInTmux: clipboard.copy(copied.text))) }
  }

  func readFreeSpace() { post { [engine] in .freeSpace(engine.server.freeSpace()) } }

  func releaseMemory() { inBackground { [engine] in engine.server.releaseMemory() } }

  /// Stops the engine, waits at most 2 s more for settings and targets, and posts ``LoopEvent/stopped``.
  /// - Parameters:
  ///   - lettingFinish: whether running uploads may finish within the grace; otherwise they are cancelled.
  ///   - settings: writes the last settings; nil where none are saved.
  ///   - targets: writes the last targets; nil where none are stored.
  func stop(lettingFinish: Bool, settings: SettingsSaver?, targets: TargetsSaver?) async {
    await engine.stop(lettingFinish: lettingFinish)
    await Race.wait(atMost: .seconds(2)) {
      await settings?.finish()
      await targets?.finish()
    }
    eventQueue.post(.stopped)
  }

  func note(_ level: NoteLevel, _ text: String) { eventQueue.post(.message(.note(level, PlainText.sanitized(text)))) }

  /// From now on posts a note when the server fails; call it once.
  func watchServer() {
    Task.detached { [engine, self] in
      guard let failure = await engine.serving.value else { return }
      note(.error, "The server has stopped: \(failure.message)")
    }
  }

  /// Runs `work`, which may block, on another thread, and posts its result.
  private func post(_ work: @escaping @Sendable () -> DashboardMessage) {
    inBackground { [eventQueue] in eventQueue.post(.message(work())) }
  }

  private func inBackground(_ work: @escaping @Sendable () -> Void) {
    pending.add(1, ordering: .relaxed)
    helpers.submit { [self] _ in
      work()
      pending.subtract(1, ordering: .releasing)
    }
  }
}
