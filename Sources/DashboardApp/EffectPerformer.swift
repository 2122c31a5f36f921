import Dashboard
import NIOPosix
import Synchronization
import UploadClient
import UploadCore

/// Does to the engine what the dashboard wants done. Nothing here waits; answers come by mail.
final class EffectPerformer: Sendable {
  private let engine: DashboardEngine
  private let eventQueue: EventQueue<LoopEvent>
  private let paths: LocalPath
  /// For what may block: a network's disk may take its time.
  private let helpers = NIOThreadPool(numberOfThreads: 3)
  private let pending = Atomic<Int>(0)

  init(engine: DashboardEngine, eventQueue: EventQueue<LoopEvent>, paths: LocalPath) {
    self.engine = engine
    self.eventQueue = eventQueue
    self.paths = paths
    helpers.start()
  }

  /// Whether answers are still to come.
  var isBusy: Bool { pending.load(ordering: .acquiring) > 0 }

  func send(paths: [String], to destination: SendDestination, mode: UploadMode) {
    let target: SendTarget
    do throws(UploadError) {
      target = try engine.target(destination)
    } catch {
      return note(.error, error.message)
    }
    let jobs = paths.map {
      UploadJob(path: self.paths.absolute($0), target: target, mode: mode)
    }
    let refused = engine.queue.add(jobs)
    if refused < jobs.count { eventQueue.post(.message(.queued(jobs[0].id))) }
    beside { [engine] in
      var sizes: [UploadID: UInt64] = [:]
      for job in jobs { sizes[job.id] = UploadJob.size(of: job.path) }
      engine.queue.note(sizes: sizes)
    }
    guard refused > 0 else { return }
    note(.error, "\(refused) files found no place in line. Send them when some of the others are through.")
  }

  func cancel(_ id: UploadID) {
    if !engine.cancel(id) { note(.info, "That upload was over before it could be cancelled.") }
  }

  func retry(_ id: UploadID) {
    guard let again = engine.queue.retry(id) else {
      return note(.error, "That upload cannot be sent again from here.")
    }
    eventQueue.post(.message(.queued(again)))
  }

  func readDirectory(_ path: String) {
    answer { [paths] in .directory(DirectoryReader(paths: paths).read(path)) }
  }

  func check(paths: [String], target: SendDestination) {
    let checker = FileChecker(paths: self.paths, targetProblem: Self.problem(of:))
    answer { .checked(checker.check(paths: paths, target: target)) }
  }

  func copy(_ text: String, to clipboard: TmuxClipboard) {
    answer {
      clipboard.copy(text)
        ? .note(.info, "copied to tmux: \(text)") : .note(.warning, "tmux did not take the text: \(text)")
    }
  }

  func readFreeSpace() {
    answer { [engine] in .freeSpace(engine.server.freeSpace()) }
  }

  func giveBackMemory() {
    beside { [engine] in engine.server.giveBackMemory() }
  }

  /// Stops the engine, and says so when it has and all settings are written.
  /// - Parameter lettingFinish: whether what runs may come to its end, within the grace.
  func stop(lettingFinish: Bool, settings: SettingsSaver?) {
    Task.detached { [engine, eventQueue] in
      if lettingFinish { await engine.finish() } else { await engine.abandon() }
      await Race.wait(atMost: .seconds(2)) { await settings?.finish() }
      eventQueue.post(.stopped)
    }
  }

  func note(_ level: NoteLevel, _ text: String) {
    eventQueue.post(.message(.note(level, PlainText.sanitized(text))))
  }

  /// Says it when the server ends by itself.
  func watchServer() {
    Task.detached { [engine, self] in
      guard let failure = await engine.serverFailure() else { return }
      note(.error, "The server has stopped: \(failure.message)")
    }
  }

  private static func problem(of target: SendDestination) -> String? {
    guard case .url(let text) = target else { return nil }
    do throws(UploadError) {
      _ = try SendTarget(text)
      return nil
    } catch {
      return error.message
    }
  }

  /// Works out an answer where that may block, and posts it.
  private func answer(_ work: @escaping @Sendable () -> DashboardMessage) {
    beside { [eventQueue] in eventQueue.post(.message(work())) }
  }

  private func beside(_ work: @escaping @Sendable () -> Void) {
    pending.add(1, ordering: .relaxed)
    helpers.submit { [self] _ in
      work()
      pending.subtract(1, ordering: .releasing)
    }
  }
}
