import Testing

@testable import UploadCore

/// Files that continue in another group, as those of an interrupted run do in the next one.
@Suite struct GroupMoveTests {
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()
  private let next = UploadGroup(id: "next", name: "photos", files: 3, bytes: 3000)

  private func begin(_ id: String, offset: UInt64 = 0) -> UploadMeter {
    let meter = UploadMeter(
      direction: .incoming,
      mode: .resumable,
      name: "a",
      size: 1000,
      remote: "192.0.2.7:5555",
      group: UploadGroup(id: id, name: "photos", files: 3, bytes: 3000),
      startedAt: start
    )
    meter.resume(at: offset)
    ledger.begin(meter)
    return meter
  }

  private func makeSampler() -> Sampler {
    Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
  }

  @Test func `a file counts for the run that continues it, and no longer for the one before`() throws {
    var sampler = makeSampler()
    let first = begin("first")
    ledger.end(begin("first"), .finished(FinishedUpload(path: "b", bytes: 1000)), at: start)
    _ = sampler.sample(at: start)
    ledger.move(first, to: next, at: start + .seconds(10))
    ledger.end(first, .finished(FinishedUpload(path: "a", bytes: 1000)), at: start + .seconds(11))
    let groups = sampler.sample(at: start + .seconds(11)).groups
    #expect(groups.map(\.id) == ["first", "next"])
    #expect(groups.map(\.filesFinished) == [1, 1])
    #expect(groups.map(\.filesActive) == [0, 0])
    #expect(groups.map(\.seconds) == [0, 1], "the second run begins with its own first file")
  }

  @Test func `a group of which every file continues elsewhere is removed`() {
    let meter = begin("first")
    ledger.move(meter, to: next, at: start)
    var sampler = makeSampler()
    #expect(sampler.sample(at: start + .seconds(1)).groups.map(\.id) == ["next"])
    #expect(meter.group == next)
  }

  @Test func `what an earlier run has moved does not count for the rate of the next one`() throws {
    var sampler = makeSampler()
    let meter = begin("first")
    meter.phase = .peer
    meter.addReceived(600)
    _ = sampler.sample(at: start + .seconds(1))
    ledger.move(meter, to: next, at: start + .seconds(10))
    _ = sampler.sample(at: start + .seconds(11))
    meter.addReceived(100)
    let group = try #require(sampler.sample(at: start + .seconds(12)).groups.first)
    #expect(group.bytesMoved == 700 && group.bytesSkipped == 600)
    #expect(group.speed > 0 && group.speed <= 100)
  }

  @Test func `an ended file and one of the same group are not moved`() {
    let ended = begin("first")
    ledger.end(ended, .cancelled, at: start)
    ledger.move(ended, to: next, at: start)
    let running = begin("first")
    ledger.move(running, to: UploadGroup(id: "first", name: "other"), at: start)
    var sampler = makeSampler()
    let groups = sampler.sample(at: start + .seconds(1)).groups
    #expect(groups.map(\.id) == ["first"] && groups.map(\.filesActive) == [1])
    #expect(running.group?.name == "photos")
  }
}
