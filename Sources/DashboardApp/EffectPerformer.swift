import Dashboard
import Glibc
import NIOPosix
import Synchronization
import UploadClient
import UploadCore

/// Performs the dashboard's effects on the engine. No function blocks; results and problems are posted to the event
/// queue.
final class EffectPerformer: Sendable {
  private let engine: DashboardEngine
  private let eventQueue: EventQueue<LoopEvent>
  private let paths: LocalPath
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

  func copy(_ text: String, to clipboard: TmuxClipboard) {
    post {
      clipboard.copy(text)
        ? .note(.info, "copied to tmux: \(text)") : .note(.warning, "tmux rejected the text: \(text)")
    }
  }

  func readFreeSpace() { post { [engine] in .freeSpace(engine.server.freeSpace()) } }

  func releaseMemory() { inBackground { [engine] in engine.server.releaseMemory() } }

  /// Stops the engine, waits at most 2 s more for the settings, and posts ``LoopEvent/stopped``.
  /// - Parameters:
  ///   - lettingFinish: whether running uploads may finish within the grace; otherwise they are cancelled.
  ///   - settings: writes the last settings; nil where none are saved.
  func stop(lettingFinish: Bool, settings: SettingsSaver?) {
    Task.detached { [engine, eventQueue] in
      await engine.stop(lettingFinish: lettingFinish)
      await Race.wait(atMost: .seconds(2)) { await settings?.finish() }
      eventQueue.post(.stopped)
    }
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

/// The paste buffer of the tmux that this process runs in.
///
/// A terminal's own sequence for the clipboard (OSC 52) does not pass tmux: with its default `set-clipboard external`
/// it ignores the sequence of programs, without an error. `tmux load-buffer` always works and reports failures.
struct TmuxClipboard: Sendable {
  /// - Returns: nil outside of tmux: `environment` has no `TMUX`, or an empty one.
  init?(_ environment: [String: String]) {
    guard environment["TMUX"]?.isEmpty == false else { return nil }
  }

  /// Loads `text` into a new buffer; tmux 3.2 and later also passes it to the clipboard of the outer terminal, if that
  /// supports it. Blocks until tmux has ended, so call it on a thread that can wait.
  /// - Returns: whether tmux accepted it.
  func copy(_ text: String) -> Bool {
    // Through standard input: arguments can be read by other users, and the text may contain a token.
    load(text, "tmux load-buffer -w - 2>/dev/null") || load(text, "tmux load-buffer - 2>/dev/null")
  }

  private func load(_ text: String, _ command: String) -> Bool {
    guard let input = popen(command, "we") else { return false }
    var text = text
    let written = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, input) }
    return pclose(input) == 0 && written == text.utf8.count
  }
}
