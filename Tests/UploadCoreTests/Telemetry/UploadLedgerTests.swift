import Synchronization
import Testing

@testable import UploadCore

@Suite struct UploadLedgerTests {
  @Test func `the activity action needs no more stack in its thousandth call than in its second`() {
    let addresses = Mutex<[UInt]>([])
    ledger.onActivity {
      var local = 0
      let address = withUnsafePointer(to: &local) { UInt(bitPattern: $0) }
      addresses.withLock { $0.append(address) }
    }
    for _ in 0..<1000 { ledger.noteActivity() }
    let all = addresses.withLock { $0 }
    #expect(all.count == 1000)
    #expect(Set(all.dropFirst()).count == 1)
  }

  private let ledger = UploadLedger()

  private func begin(_ direction: UploadDirection = .incoming, _ name: String = "a", at instant: Duration = .zero)
    -> UploadMeter
  {
    let meter = UploadMeter(
      direction: direction,
      mode: .stream,
      name: name,
      size: 10,
      remote: "127.0.0.1:1",
      startedAt: .now + instant
    )
    ledger.begin(meter)
    return meter
  }

  @Test func `uploads and their bytes are counted by outcome and direction`() {
    let finished = begin()
    finished.addReceived(10)
    let failed = begin()
    failed.addReceived(3)
    let cancelled = begin()
    let outgoing = begin(.outgoing)
    outgoing.addReceived(7)
    #expect(ledger.activeCount(.incoming) == 3)
    ledger.end(finished, .finished(FinishedUpload(path: "a", bytes: 9)))
    ledger.end(failed, .failed(UploadError(.clientGone, "Gone.")))
    ledger.end(cancelled, .cancelled)
    #expect(ledger.activeCount(.incoming) == 0)
    #expect(ledger.activeCount(.outgoing) == 1)
    let totals = ledger.totals(.incoming)
    #expect(totals.started == 3)
    #expect((totals.finished, totals.failed, totals.cancelled) == (1, 1, 1))
    #expect(totals.transferredBytes == 13)
    #expect(totals.finishedBytes == 9)
    #expect(ledger.totals(.outgoing).started == 1)
    #expect(ledger.totals(.outgoing).transferredBytes == 0)
  }

  @Test func `a second end of an upload is ignored`() {
    let meter = begin()
    ledger.end(meter, .cancelled)
    ledger.end(meter, .finished(FinishedUpload(path: "a", bytes: 9)))
    #expect(ledger.totals(.incoming).cancelled == 1)
    #expect(ledger.totals(.incoming).finished == 0)
    #expect(ledger.drain().ended.count == 1)
    guard case .cancelled = meter.ended?.outcome else {
      Issue.record("the second end replaced the first")
      return
    }
  }

  @Test func `an upload that fails before it begins counts as started and failed`() {
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: "a", size: nil, remote: "")
    ledger.end(meter, .failed(UploadError(.unreadableFile, "gone")))
    let totals = ledger.totals(.outgoing)
    #expect((totals.started, totals.failed, totals.active) == (1, 1, 0))
    #expect(ledger.drain().ended.map(\.id) == [meter.id])
  }

  @Test func `ended uploads are drained once, in the order of their ends`() {
    let (first, second) = (begin(), begin())
    ledger.end(second, .cancelled)
    ledger.end(first, .cancelled)
    #expect(ledger.drain().ended.map(\.id) == [second.id, first.id])
    #expect(ledger.drain().ended.isEmpty)
  }

  @Test func `running uploads are listed and drained oldest first`() {
    let meters = [3, 1, 2].map { begin(at: .seconds($0)) }
    let expected = [meters[1].id, meters[2].id, meters[0].id]
    #expect(ledger.active().map(\.id) == expected)
    #expect(ledger.drain().active.map(\.id) == expected)
  }

  @Test func `of 70,000 ended uploads that were not drained at most 65,536 are kept, and all are counted`() {
    for _ in 0..<70_000 { ledger.end(begin(), .cancelled) }
    let ended = ledger.drain().ended.count
    #expect(ended <= 65_536)
    #expect(ledger.totals(.incoming).cancelled == 70_000)
  }

  @Test func `sizes of finished uploads whose sum exceeds 64 bits do not trap`() {
    for _ in 0..<3 {
      ledger.end(begin(.outgoing), .finished(FinishedUpload(path: "a", bytes: .max)))
    }
    #expect(ledger.totals(.outgoing).finished == 3)
  }

  @Test func `the sum of running and ended bytes, read at one instant, never shrinks while uploads end`() async {
    let ledger = ledger
    await withTaskGroup { group in
      group.addTask {
        for _ in 0..<2_000 {
          let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")
          ledger.begin(meter)
          meter.addReceived(5)
          ledger.end(meter, .cancelled)
        }
      }
      group.addTask {
        var last: UInt64 = 0
        while last < 10_000 {
          let (active, totals) = ledger.reading()
          let sum = active.reduce(totals[.incoming]?.transferredBytes ?? 0) { $0 + $1.transferred }
          #expect(sum >= last)
          last = sum
        }
      }
    }
  }
}
