import HTTPExchange
import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore

@testable import UploadClient

@Suite struct UploadPauseTests {
  private let pause = UploadPause()
  private let cancellation = Cancellation()
  private let loop = MultiThreadedEventLoopGroup.singleton.next()

  @Test func `a pause interrupts the running step once, and a step that begins later at once`() {
    let counts = Mutex([0, 0])
    pause.onPause { counts.withLock { $0[0] += 1 } }
    pause.set(true)
    pause.set(true)
    #expect(counts.withLock { $0 } == [1, 0])
    pause.onPause { counts.withLock { $0[1] += 1 } }
    #expect(counts.withLock { $0 } == [1, 1])
    pause.set(false)
    #expect(!pause.isPaused)
    #expect(counts.withLock { $0 } == [1, 1])
  }

  @Test func `a pause ends a sleep`() async throws {
    pause.set(true)
    try await pause.sleep(.seconds(3600), cancellation, on: loop)
  }

  @Test func `an upload continues when the pause ends, and at once without one`() async throws {
    try await pause.untilContinued(cancellation, on: loop)
    pause.set(true)
    let waiting = Task { try await pause.untilContinued(cancellation, on: loop) }
    pause.set(false)
    try await waiting.value
  }

  @Test func `a cancellation ends a pause`() async {
    pause.set(true)
    let waiting = Task { try await pause.untilContinued(cancellation, on: loop) }
    cancellation.cancel()
    let result = await waiting.result
    #expect(throws: UploadError.self) { try result.get() }
  }
}
