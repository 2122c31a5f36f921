import Synchronization
import Testing
import UploadClient
import UploadTestSupport

@testable import DashboardApp

/// What lets the files of a tree through one by one.
@Suite(.timeLimit(.minutes(1))) struct TreeGateTests {
  private let gate = TreeGate()
  private let names = Names()

  private final class Names: Sendable {
    let list = Mutex<[String]>([])
    var count: Int { list.withLock { $0.count } }
  }

  /// Takes all sources that the gate lets through.
  private func consume(_ count: Int) -> Task<Void, Never> {
    let sources = AsyncStream<UploadSource> { continuation in
      for index in 0..<count { continuation.yield(.file("/\(index)")) }
      continuation.finish()
    }
    let gated = GatedSources(sources: sources, gate: gate)
    return Task { [names] in
      for await source in gated { names.list.withLock { $0.append(source.name) } }
    }
  }

  @Test func `an open gate lets files pass at once`() async {
    let task = consume(TreeGate.limit - 1)
    await task.value
    #expect(names.count == TreeGate.limit - 1)
  }

  @Test func `no more pass than may be open, and the next one when one has ended`() async throws {
    let task = consume(TreeGate.limit + 2)
    try await eventually("the limit") { names.count == TreeGate.limit }
    gate.noteEnd()
    try await eventually("one more") { names.count == TreeGate.limit + 1 }
    for _ in 0..<3 { gate.noteEnd() }
    await task.value
    #expect(names.count == TreeGate.limit + 2)
  }

  @Test func `none passes while it is paused, and all others when it continues`() async throws {
    gate.setPaused(true)
    #expect(gate.isPaused)
    let task = consume(3)
    gate.noteEnd()
    #expect(names.count == 0)
    gate.setPaused(false)
    await task.value
    #expect(names.count == 3)
  }

  @Test func `cancelling the task ends the waiting`() async {
    gate.setPaused(true)
    let task = consume(3)
    task.cancel()
    await task.value
    #expect(gate.isPaused)
  }
}
