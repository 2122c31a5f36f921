import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadTestSupport

@testable import UploadStorage

@Suite struct WorkerPoolTests {
  private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

  @Test func `threads are started when work waits, up to the limit`() async throws {
    let pool = WorkerPool(threads: 3)
    #expect(pool.threadCount == 0)
    _ = try await pool.runIfActive { 1 }
    #expect(pool.threadCount == 1)
    let gate = await WorkerGate(blocking: pool, threads: 3)
    #expect(pool.threadCount == 3)
    let waiting = pool.runIfActive(eventLoop: eventLoop) { "last" }
    #expect(pool.threadCount == 3)
    gate.open()
    #expect(try await waiting.get() == "last")
    await pool.shutDown()
    #expect(pool.threadCount == 0)
  }

  @Test func `all threads end after some time without work`() async throws {
    let pool = WorkerPool(threads: 8, idleTime: .milliseconds(20))
    for _ in 0..<3 {
      let gate = await WorkerGate(blocking: pool, threads: 8)
      gate.open()
      try await eventually("no thread") { pool.threadCount == 0 }
      #expect(try await pool.runIfActive { 7 } == 7)
    }
    await pool.shutDown()
  }

  @Test func `a pool of one thread does all work in the order in which it was submitted`() async throws {
    let pool = WorkerPool(threads: 1)
    let done = Mutex<[Int]>([])
    for number in 0..<1000 { pool.submit { _ in done.withLock { $0.append(number) } } }
    _ = try await pool.runIfActive { 0 }
    #expect(done.withLock { $0 } == Array(0..<1000))
    await pool.shutDown()
  }

  /// Work is submitted while threads are about to end.
  @Test func `no work is lost while threads come and go`() async throws {
    let pool = WorkerPool(threads: 4, idleTime: .milliseconds(1))
    for round in 0..<300 {
      try await withThrowingTaskGroup { group in
        for number in 0..<6 { group.addTask { try await pool.runIfActive { number } } }
        var sum = 0
        for try await number in group { sum += number }
        #expect(sum == 15)
      }
      if round % 3 == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
    await pool.shutDown()
  }

  @Test func `shutting down waits for running work, and cancels queued work`() async throws {
    let pool = WorkerPool(threads: 1)
    let gate = await WorkerGate(blocking: pool, threads: 1)
    let waiting = pool.runIfActive(eventLoop: eventLoop) { 1 }
    let states = Mutex<[WorkerPool.WorkState]>([])
    async let ended: Void = pool.shutDown()
    // Work that is submitted now is called here, on the test's own thread, once the pool is shutting down.
    try await eventually("the shutdown") {
      pool.submit { state in states.withLock { $0.append(state) } }
      return states.withLock { !$0.isEmpty }
    }
    gate.open()
    await ended
    await #expect(throws: CancellationError.self) { try await waiting.get() }
    #expect(states.withLock { states in states.allSatisfy { $0 == .cancelled } })
    await #expect(throws: CancellationError.self) { try await pool.runIfActive { 3 } }
    await pool.shutDown()
    pool.shutDownAndWait()
  }

  @Test func `errors that work throws are passed on`() async throws {
    let pool = WorkerPool(threads: 2)
    await #expect(throws: SocketAddressError.self) {
      try await pool.runIfActive(eventLoop: eventLoop) { () throws -> Int in throw SocketAddressError.unsupported }
        .get()
    }
    pool.shutDownAndWait()
    #expect(pool.threadCount == 0)
  }
}
