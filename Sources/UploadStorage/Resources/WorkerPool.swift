import CLinux
import Glibc
package import NIOCore

/// Threads for calls that block: writes, syncs, opening files.
///
/// A thread is started when work waits and none is idle, and ends after some time without work. Many small files at once
/// need many threads, an idle server needs none.
///
/// Unchecked, because the compiler does not know the mutex: every variable is accessed within ``locked(_:)`` only.
package final class WorkerPool: @unchecked Sendable {
  /// Whether work is to be done when it is called.
  package enum WorkState: Sendable {
    /// The work is to be done, on a thread that may block.
    case active
    /// The work is to fail without being done: the pool has been shut down.
    case cancelled
  }

  package typealias Work = @Sendable (WorkState) -> Void

  /// How many threads the pool that writes and syncs uploads has at most. More than cores, because they wait for the
  /// disk: small files need many syncs at once.
  package static let diskThreads = 16

  private let limit: Int
  /// How long a thread waits for work before it ends, in milliseconds.
  private let idleMilliseconds: Int
  /// Guards the variables. Like the condition it lies in memory that never moves.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Signalled when there is work, and broadcast when the pool is shut down or its last thread ends.
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var queue = CircularBuffer<Work>()
  private var threads = 0
  private var idle = 0
  private var isShutDown = false
  /// Resumed when the last thread ends.
  private var shutdowns: [CheckedContinuation<Void, Never>] = []

  /// - Parameters:
  ///   - threads: the most that run at once.
  ///   - idleTime: how long a thread waits for work before it ends.
  package init(threads: Int, idleTime: Duration = .seconds(10)) {
    limit = max(1, threads)
    idleMilliseconds = max(1, Int(idleTime / .milliseconds(1)))
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // Setting the machine's time must not make a thread wait for hours.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// How many threads there are now, idle ones too.
  package var threadCount: Int { locked { threads } }

  /// Has a thread do `work`; work begins in the order of the calls. Once the pool is shut down `work` is called at
  /// once, by the caller, as cancelled; where the system cannot start a first thread the caller does the work.
  package func submit(_ work: @escaping Work) {
    let (ownState, wakes) = locked { () -> (WorkState?, Bool) in
      guard !isShutDown else { return (.cancelled, false) }
      queue.append(work)
      // Each idle thread takes one, and may have been woken for one already.
      if queue.count <= idle { return (nil, true) }
      if threads < limit, start() { threads += 1 }
      guard threads == 0 else { return (nil, false) }
      queue.removeLast()
      return (.active, false)
    }
    // Not locked: the thread would wake only to wait for the lock.
    if wakes { pthread_cond_signal(condition) }
    if let ownState { work(ownState) }
  }

  /// Has a thread run `body`.
  /// - Returns: what `body` returned; fails with what it throws, or with `CancellationError` when the pool is shut down
  ///   before `body` has begun.
  package func runIfActive<Result: Sendable>(
    eventLoop: any EventLoop,
    _ body: @escaping @Sendable () throws -> Result
  ) -> EventLoopFuture<Result> {
    let promise = eventLoop.makePromise(of: Result.self)
    submit { state in promise.completeWith(Self.result(of: body, state)) }
    return promise.futureResult
  }

  /// Has a thread run `body`, and waits for it without blocking.
  /// - Throws: what `body` throws, or `CancellationError` when the pool is shut down before `body` has begun.
  package func runIfActive<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      submit { state in continuation.resume(with: Self.result(of: body, state)) }
    }
  }

  private static func result<Value>(of body: () throws -> Value, _ state: WorkState) -> Result<Value, any Error> {
    switch state {
    case .active: Result(catching: body)
    case .cancelled: .failure(CancellationError())
    }
  }

  /// Cancels queued and later work, and returns when running work is done and all threads have ended. Callable more
  /// than once.
  package func shutDown() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      locked {
        close()
        if threads > 0 { shutdowns.append(continuation) } else { continuation.resume() }
      }
    }
  }

  /// Cancels queued and later work, and blocks until running work is done and all threads have ended; not for threads
  /// of the pool.
  package func shutDownAndWait() {
    locked {
      close()
      while threads > 0 { wait() }
    }
  }

  private func close() {
    isShutDown = true
    pthread_cond_broadcast(condition)
  }

  // MARK: Threads

  /// - Returns: whether the system could start a thread.
  private func start() -> Bool {
    let pool = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      clinux_name_thread("sluice-worker")
      if let argument { Unmanaged<WorkerPool>.fromOpaque(argument).takeRetainedValue().serve() }
      return nil
    }
    let error = pthread_create(&thread, nil, main, pool.toOpaque())
    if error == 0 { pthread_detach(thread) } else { pool.release() }
    return error == 0
  }

  /// What a thread does from its start to its end.
  private func serve() {
    while let (work, state) = locked({ next() }) { work(state) }
  }

  /// Waits for work.
  /// - Returns: nil when the thread is to end; it is not counted any more.
  private func next() -> (Work, WorkState)? {
    while queue.isEmpty {
      guard !isShutDown else { return leave() }
      idle += 1
      let isOverdue = !wait(milliseconds: idleMilliseconds)
      idle -= 1
      if isOverdue, queue.isEmpty { return leave() }
    }
    return (queue.removeFirst(), isShutDown ? .cancelled : .active)
  }

  private func leave() -> (Work, WorkState)? {
    threads -= 1
    guard threads == 0 else { return nil }
    pthread_cond_broadcast(condition)
    shutdowns.forEach { $0.resume() }
    shutdowns = []
    return nil
  }

  // MARK: Locking

  /// Calls `body` while no other thread is in a call of this.
  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Waits until woken, perhaps without a cause; within ``locked(_:)``, and unlocked meanwhile.
  /// - Parameter milliseconds: the longest wait; nil for no limit.
  /// - Returns: false when that time has passed.
  @discardableResult
  private func wait(milliseconds: Int? = nil) -> Bool {
    guard let milliseconds else { return pthread_cond_wait(condition, mutex) == 0 }
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    let nanoseconds = deadline.tv_nsec + milliseconds % 1000 * 1_000_000
    deadline.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    return pthread_cond_timedwait(condition, mutex, &deadline) == 0
  }
}
