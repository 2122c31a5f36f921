import Synchronization
import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct DownloadLedgerTests {
  private let ledger = UploadLedger()
  private let start = ContinuousClock.now
  private static let large = DownloadLedger.reportedSize

  private func begin(_ name: NameBytes = "a", size: UInt64?) -> DownloadMeter {
    let meter = DownloadMeter(name: name, remote: "192.0.2.1:4711", size: size, startedAt: start)
    ledger.begin(meter)
    return meter
  }

  private func end(_ meter: DownloadMeter, _ outcome: DownloadOutcome = .finished, sent: UInt64? = nil) {
    meter.setSent(sent ?? meter.size ?? 0)
    ledger.end(meter, outcome, at: start + .seconds(2))
  }

  private func makeSampler() -> Sampler {
    Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
  }

  @Test func `downloads are counted while they run and by their outcome, with their bytes`() {
    let (small, large, aborted) = (begin(size: 10), begin(size: Self.large), begin(size: 20))
    large.setSent(100)
    large.setSent(50)
    #expect(ledger.downloads.totals == DownloadTotals(active: 3, bytes: 100), "a counter never falls")
    end(small)
    end(aborted, .aborted, sent: 5)
    #expect(ledger.downloads.totals == DownloadTotals(active: 1, finished: 1, aborted: 1, bytes: 115))
    end(large)
    #expect(ledger.downloads.totals == DownloadTotals(finished: 2, aborted: 1, bytes: Self.large + 15))
  }

  @Test func `large downloads and aborted ones are reported once, small finished ones are not`() {
    end(begin("small", size: Self.large - 1))
    end(begin("large", size: Self.large))
    end(begin("aborted", size: 10), .aborted, sent: 4)
    let ended = ledger.downloads.drain()
    #expect(ended.map(\.name) == ["large", "aborted"])
    #expect(ended.map(\.outcome) == [.finished, .aborted])
    #expect(ended.map(\.bytes) == [Self.large, 4])
    #expect(ended.map(\.size) == [Self.large, 10])
    #expect(ended.allSatisfy { $0.seconds == 2 && $0.remote == "192.0.2.1:4711" })
    #expect(Set(ended.map(\.id)).count == 2)
    #expect(ledger.downloads.drain().isEmpty)
  }

  @Test func `of many ended downloads 64 are reported, and all are counted`() {
    for _ in 0..<1000 { end(begin(size: 10), .aborted, sent: 0) }
    #expect(ledger.downloads.drain().count == DownloadLedger.endedLimit)
    #expect(ledger.downloads.totals.aborted == 1000)
  }

  @Test func `a flood of downloads wakes observers once per sample`() {
    let calls = Mutex(0)
    ledger.onActivity { calls.withLock { $0 += 1 } }
    let before = ledger.activityCount
    for _ in 0..<1000 { end(begin(size: 10)) }
    #expect(calls.withLock { $0 } == 1)
    #expect(ledger.activityCount == before + 1)
    var sampler = makeSampler()
    _ = sampler.sample()
    end(begin(size: 10))
    end(begin(size: 10))
    #expect(calls.withLock { $0 } == 2)
  }

  @Test func `a snapshot has the counts and the ended downloads, and rests only without any`() {
    var sampler = makeSampler()
    #expect(sampler.sample(at: start).isResting)
    let meter = begin(size: Self.large)
    let running = sampler.sample(at: start + .seconds(1))
    #expect(running.downloads.active == 1 && !running.isResting)
    end(meter)
    let ended = sampler.sample(at: start + .seconds(2))
    #expect(ended.endedDownloads.map(\.bytes) == [Self.large])
    #expect(ended.downloads.active == 0 && ended.downloads.finished == 1 && !ended.isResting)
    #expect(sampler.sample(at: start + .seconds(3)).isResting)
  }

  @Test func `the speed is that of all downloads together, 0 once nothing is sent, and begins anew after a pause`() {
    var speed = DownloadSpeed()
    func sample(_ seconds: Double, bytes: UInt64, active: Int = 1) -> Double {
      speed.sample(DownloadTotals(active: active, bytes: bytes), at: start + .seconds(seconds)).speed
    }
    #expect(sample(0, bytes: 500) == 0, "what was sent before the first sample is not known")
    for second in 1...5 { #expect(abs(sample(Double(second), bytes: 500 + UInt64(second) * 1000) - 1000) < 1) }
    #expect(sample(5.5, bytes: 5500, active: 0) == 0)
    #expect(sample(60, bytes: 1_000_000) == 0)
    #expect(abs(sample(61, bytes: 1_002_000) - 2000) < 1)
  }

  @Test func `a download of unknown size is counted while it runs, and reported`() {
    let archive = begin("photos/", size: nil)
    archive.setSent(7)
    #expect(ledger.downloads.totals == DownloadTotals(active: 1, bytes: 7))
    end(archive, sent: 10)
    #expect(ledger.downloads.totals == DownloadTotals(finished: 1, bytes: 10))
    let ended = ledger.downloads.drain()
    #expect(ended.map(\.name) == ["photos/"] && ended.map(\.bytes) == [10] && ended.map(\.size) == [nil])
  }
}
