import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

@Suite struct ReporterTests {
  /// Counts the snapshots that it shows.
  private struct CountingRenderer: ProgressRenderer {
    final class Record: Sendable {
      let looks = Mutex(0)
      let ends = Mutex(0)
    }

    let record: Record

    mutating func show(_ snapshot: Snapshot) {
      let ended = snapshot.uploads.count { $0.outcome != nil }
      record.looks.withLock { $0 += 1 }
      record.ends.withLock { $0 += ended }
    }
  }

  private static func meter() -> UploadMeter {
    UploadMeter(direction: .incoming, mode: .stream, name: "a", size: 1, sizeExact: true, remote: "test")
  }

  @Test func `a reporter without uploads stops sampling after a second, and the next upload wakes it`() async throws {
    let ledger = UploadLedger()
    let record = CountingRenderer.Record()
    let idled = Mutex(0)
    let sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
    let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: CountingRenderer(record: record)) {
      idled.withLock { $0 += 1 }
    }
    let task = Task { await reporter.run() }
    for round in 1...2 {
      let meter = Self.meter()
      ledger.begin(meter)
      try await eventually("samples while it runs") { record.looks.withLock { $0 } >= 3 }
      ledger.end(meter, .cancelled)
      try await eventually("its end") { record.ends.withLock { $0 } == round }
      try await eventually("the idle time") { idled.withLock { $0 } == round }
      // A sample may have been under way, or a wake-up of before been left over. Ten would come in the time otherwise.
      let before = record.looks.withLock { $0 }
      try await Task.sleep(for: .seconds(1))
      #expect(record.looks.withLock { $0 } <= before + 2)
      record.looks.withLock { $0 = 0 }
    }
    task.cancel()
    await task.value
  }

  @Test func `a reporter with only an interrupted upload rests, until that continues or ends`() async throws {
    let ledger = UploadLedger()
    let record = CountingRenderer.Record()
    let idled = Mutex(0)
    let sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
    let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: CountingRenderer(record: record)) {
      idled.withLock { $0 += 1 }
    }
    let task = Task { await reporter.run() }
    let meter = UploadMeter(direction: .incoming, mode: .resumable, name: "a", size: 1, remote: "test")
    ledger.begin(meter)
    // Only after an upload that was seen to run does the process become idle.
    try await eventually("samples while it runs") { record.looks.withLock { $0 } >= 3 }
    meter.interrupt(expires: .now + .seconds(3600))
    try await eventually("the idle time") { idled.withLock { $0 } == 1 }
    let before = record.looks.withLock { $0 }
    meter.endInterruption()
    // Ten would be taken in a second otherwise, and the next one only after five.
    try await eventually("samples while it runs") { record.looks.withLock { $0 } >= before + 5 }
    meter.interrupt(expires: .now + .seconds(3600))
    try await eventually("the second idle time") { idled.withLock { $0 } == 2 }
    ledger.end(meter, .cancelled)
    try await eventually("its end") { record.ends.withLock { $0 } == 1 }
    task.cancel()
    await task.value
  }

  @Test func `a reporter that waits for uploads returns when its task is cancelled`() async {
    let ledger = UploadLedger()
    let sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
    let renderer = CountingRenderer(record: CountingRenderer.Record())
    let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: renderer)
    let task = Task { await reporter.run() }
    task.cancel()
    await task.value
  }
}
