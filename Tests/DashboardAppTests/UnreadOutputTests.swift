import Foundation
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

@Suite struct UnreadOutputTests {
  private let start = ContinuousClock.now

  /// Whether the output is given up at each of some times, in milliseconds, with the number of ended writes.
  private func isUnread(_ checks: [(UInt64?, Int)]) -> [Bool] {
    var output = UnreadOutput()
    return checks.map { output.isUnread($0.0, at: start + .milliseconds($0.1)) }
  }

  @Test func `output of which nothing was accepted for the limit is given up`() {
    let limit = Int(UnreadOutput.limit / .milliseconds(1))
    #expect(isUnread([(7, 0), (7, limit - 1), (7, limit)]) == [false, false, true])
  }

  @Test func `a reader that reads slowly, and a pause without output, begin the time anew`() {
    let checks = (0..<100).map { (UInt64?($0 / 2), Int($0) * 1000) } + [(nil, 100_000), (49, 110_000)]
    #expect(!isUnread(checks).contains(true))
  }

  @Test func `a write is under way from its beginning to its end`() {
    let progress = OutputProgress()
    #expect(progress.endedWhileWriting == nil)
    progress.begin()
    progress.begin()
    #expect(progress.endedWhileWriting == 0)
    progress.end()
    #expect(progress.endedWhileWriting == 1)
    progress.end()
    #expect(progress.endedWhileWriting == nil)
  }

  @Test func `text is written in chunks of complete lines, of at most 4 KiB or one line each`() {
    let long = String(repeating: "ä", count: 5000) + "\n"
    let lines = (0..<1000).map { "line \($0)\n" } + [long] + ["after\n", "no end"]
    let chunks = Output.chunks(of: lines.joined()).map { String(Substring($0)) }
    #expect(chunks.joined() == lines.joined())
    #expect(chunks.dropLast().allSatisfy { $0.hasSuffix("\n") && ($0.utf8.count <= 4096 || $0 == long) })
    #expect(chunks.count < 10 && chunks.contains(long))
    #expect(Output.chunks(of: "").map { $0 }.isEmpty)
  }

  /// Blocks as a write to a pipe that is not read.
  private struct BlockedRenderer: ProgressRenderer {
    let isBlocked: DispatchSemaphore
    let begins: AsyncStream<Void>.Continuation

    mutating func show(_ snapshot: Snapshot) {
      begins.finish()
      // Where it blocks the threads of the test, nothing else ends the wait.
      if isBlocked.wait(timeout: .now() + 60) == .timedOut { Issue.record("The other tasks are blocked.") }
    }
  }

  @Test func `reporters whose output is not read take no thread from other tasks`() async {
    let isBlocked = DispatchSemaphore(value: 0)
    // More than the threads that tasks have.
    let count = ProcessInfo.processInfo.activeProcessorCount + 1
    var reporting: [Task<Void, Never>] = []
    for _ in 0..<count {
      let (begun, begins) = AsyncStream.makeStream(of: Void.self)
      let ledger = UploadLedger()
      let sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
      let renderer = BlockedRenderer(isBlocked: isBlocked, begins: begins)
      let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: renderer)
      reporting.append(Task { await reporter.finish() })
      for await _ in begun {}
    }
    for _ in 0..<count { isBlocked.signal() }
    for task in reporting { await task.value }
  }
}
