import CLinux
import Glibc
package import NIOCore

/// Threads for calls that block: writes, syncs, opening files.
///
/// A thread is started when work waits and none is idle, and ends after some time without work. Many small files at once
/// need many threads, an idle server needs none.
///
/// Unchecked, because the compiler does not know the monitor's mutex: every variable is accessed within `locked` only.
package final class WorkerPool: @unchecked Sendable {
  /// Whether work is to be done, or only to be cleaned up after.
  package enum WorkState: Sendable {
    case active
    /// The pool has been shut down.
    case cancelled
  }

  package typealias Work = @Sendable (WorkState) -> Void

  /// Threads of the pool that writes and syncs uploads. More than cores, because they wait for the disk: small files need
  /// many syncs at once.
  package static let diskThreads = 16

  private let limit: Int
  /// How long a thread waits for work before it ends, in milliseconds.
  private let idleMilliseconds: Int64
  private let monitor: OpaquePointer
  private var queue = CircularBuffer<Work>()
  private var threads = 0
  private var idle = 0
  private var isShutDown = false
  private var onEnd: [@Sendable () -> Void] = []

  /// - Parameters:
  ///   - threads: the most that run at once.
  ///   - idleTime: how long a thread waits for work before it ends.
  package init(threads: Int, idleTime: Duration = .seconds(10)) {
    limit = max(1, threads)
    idleMilliseconds = max(1, Int64(idleTime / .milliseconds(1)))
    monitor = clinux_monitor_make()
  }

  deinit {
    // Every thread holds a reference, so none is left.
    clinux_monitor_free(monitor)
  }

  /// How many threads there are now.
  package var threadCount: Int {
    locked { threads }
  }

  /// Has a thread do `work`, in the order of the calls. Once the pool is shut down `work` is called at once, as cancelled.
  package func submit(_ work: @escaping Work) {
    let isAccepted = locked {
      guard !isShutDown else { return false }
      queue.append(work)
      // Each idle thread takes one, and may have been woken for one already.
      if queue.count <= idle {
        clinux_monitor_wake_one(monitor)
      } else if threads < limit, start() {
        threads += 1
      }
      // The system cannot start a thread: then the caller runs the work itself.
      guard threads == 0 else { return true }
      queue.removeLast()
      return false
    }
    guard !isAccepted else { return }
    work(locked { isShutDown } ? .cancelled : .active)
  }

  /// Has a thread run `body`.
  /// - Returns: what it returned; fails with `CancellationError` when the pool was shut down before.
  package func runIfActive<Result: Sendable>(
    eventLoop: any EventLoop,
    _ body: @escaping @Sendable () throws -> Result
  ) -> EventLoopFuture<Result> {
    let promise = eventLoop.makePromise(of: Result.self)
    submit { state in
      switch state {
      case .active: promise.completeWith(Swift.Result(catching: body))
      case .cancelled: promise.fail(CancellationError())
      }
    }
    return promise.futureResult
  }

  /// Has a thread run `body`, and waits for it.
  /// - Throws: what `body` throws, or `CancellationError` when the pool was shut down before.
  package func runIfActive<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      submit { state in
        switch state {
        case .active: continuation.resume(with: Swift.Result(catching: body))
        case .cancelled: continuation.resume(throwing: CancellationError())
        }
      }
    }
  }

  /// Cancels the work that waits, and returns when what runs is done and all threads have ended.
  package func shutDown() async {
    await withCheckedContinuation { continuation in
      let isOver = locked {
        close()
        if threads > 0 { onEnd.append { continuation.resume() } }
        return threads == 0
      }
      if isOver { continuation.resume() }
    }
  }

  /// ``shutDown()`` for callers that may block.
  package func shutDownAndWait() {
    locked {
      close()
      while threads > 0 { clinux_monitor_wait(monitor, -1) }
    }
  }

  private func close() {
    isShutDown = true
    clinux_monitor_wake_all(monitor)
  }

  // MARK: Threads

  private func locked<Result>(_ body: () -> Result) -> Result {
    clinux_monitor_lock(monitor)
    defer { clinux_monitor_unlock(monitor) }
    return body()
  }

  /// - Returns: whether the system could start a thread.
  private func start() -> Bool {
    let pool = Unmanaged.passRetained(self)
    let error = clinux_start_thread(
      "sluice-worker",
      { argument in
        guard let argument else { return }
        Unmanaged<WorkerPool>.fromOpaque(argument).takeRetainedValue().serve()
      },
      pool.toOpaque()
    )
    if error != 0 { pool.release() }
    return error == 0
  }

  /// The life of a thread.
  private func serve() {
    while let (work, state) = locked({ next() }) { work(state) }
    let ended = locked { () -> [@Sendable () -> Void] in
      guard threads == 0 else { return [] }
      defer { onEnd = [] }
      return onEnd
    }
    for action in ended { action() }
  }

  /// Waits for work; nil when the thread is to end, which no longer counts then.
  private func next() -> (Work, WorkState)? {
    while queue.isEmpty {
      guard !isShutDown else { return leave() }
      idle += 1
      let hasTimedOut = clinux_monitor_wait(monitor, idleMilliseconds) != 0
      idle -= 1
      if hasTimedOut, queue.isEmpty { return leave() }
    }
    return (queue.removeFirst(), isShutDown ? .cancelled : .active)
  }

  private func leave() -> (Work, WorkState)? {
    threads -= 1
    if threads == 0 { clinux_monitor_wake_all(monitor) }
    return nil
  }
}
