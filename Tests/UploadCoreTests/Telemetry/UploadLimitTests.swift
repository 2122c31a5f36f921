import Synchronization
import Testing

@testable import UploadCore

/// Limits and pauses that the user sets while uploads run.
@Suite struct UploadLimitTests {
  private static let second: UInt64 = 1_000_000_000
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()

  private final class Count: Sendable {
    let value = Atomic<Int>(0)
    func add() { value.add(1, ordering: .relaxed) }
    var now: Int { value.load(ordering: .relaxed) }
  }

  private func begin(_ direction: UploadDirection = .incoming, group: String? = nil) -> UploadMeter {
    let meter = UploadMeter(
      direction: direction,
      mode: .stream,
      name: "a",
      size: 1000,
      remote: "h:80",
      group: group.map { UploadGroup(id: $0, name: "photos", files: 10, bytes: 1000) },
      maxAttempts: 4,
      startedAt: start
    )
    ledger.begin(meter)
    return meter
  }

  private func sample(after seconds: Int = 1) -> Snapshot {
    var sampler = Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
    return sampler.sample(at: start + .seconds(seconds))
  }

  @Test func `a limit is in the snapshot, delays the data path, and reports each change to it`() {
    let (meter, changes) = (begin(), Count())
    meter.onLimitChange { changes.add() }
    #expect(meter.limit == nil && meter.limitedChunk == nil && meter.takeOfLimit(1 << 20, at: Self.second) == 0)
    #expect(ledger.setLimit(meter.id, 1000) && changes.now == 1)
    #expect(meter.limit == 1000 && meter.limitedChunk == 1024)
    #expect(meter.takeOfLimit(1000, at: Self.second) == 970_000_000)
    #expect(meter.limitWait(at: Self.second) == 970_000_000)
    #expect(sample().uploads.first?.limit == 1000 && sample().uploads.first?.maxAttempts == 4)
    #expect(ledger.setLimit(meter.id, nil) && changes.now == 2)
    #expect(meter.limit == nil && meter.limitedChunk == nil && meter.limitWait(at: Self.second) == 0)
    ledger.end(meter, .cancelled)
    #expect(!ledger.setLimit(meter.id, 1000) && changes.now == 2)
    #expect(!ledger.setLimit(UploadID(), 1000))
  }

  @Test func `a data path that begins under a limit is notified, and removing none changes nothing`() {
    let (meter, changes) = (begin(), Count())
    meter.setLimit(nil)
    meter.setLimit(0)
    meter.onLimitChange { changes.add() }
    #expect(changes.now == 1 && meter.limit == 1)
  }

  @Test func `the files of a group share its limit, those that begin later included`() {
    let (first, other) = (begin(.outgoing, group: "x"), begin(.outgoing, group: "y"))
    #expect(ledger.setLimit("x", .outgoing, 1000))
    let later = begin(.outgoing, group: "x")
    #expect(first.takeOfLimit(1000, at: Self.second) == 970_000_000)
    #expect(later.takeOfLimit(1000, at: Self.second) == 1_970_000_000)
    #expect(other.takeOfLimit(1000, at: Self.second) == 0)
    #expect(first.limit == nil && first.limitedChunk == 1024, "it is that of the group")
    let groups = sample().groups
    #expect(groups.first { $0.id == "x" }?.limit == 1000 && groups.first { $0.id == "y" }?.limit == nil)
    #expect(ledger.setLimit("x", .outgoing, nil))
    #expect(first.limitWait(at: Self.second) == 0 && first.limitedChunk == nil)
  }

  @Test func `of two limits the lower one counts`() {
    let meter = begin(.outgoing, group: "x")
    #expect(ledger.setLimit("x", .outgoing, 1 << 20) && ledger.setLimit(meter.id, 1000))
    #expect(meter.limitedChunk == 1024 && meter.takeOfLimit(1000, at: Self.second) == 970_000_000)
  }

  @Test func `a group can be limited before its first file begins, and only so many groups can be`() {
    #expect(ledger.setLimit("x", .outgoing, 1000))
    #expect(begin(.outgoing, group: "x").takeOfLimit(1000, at: Self.second) == 970_000_000)
    let limited = (0..<1000).count { ledger.setLimit("\($0)", .incoming, 1000) }
    #expect(limited == GroupTallies.limit - 1)
    #expect(ledger.setLimit("x", .outgoing, 2000), "one that has a limit can be changed")
  }

  @Test func `only incoming groups that the user has paused or limited are controlled`() {
    let group = UploadGroup(id: "x", name: "n")
    #expect(!ledger.controlsIncoming(group) && !ledger.controlsIncoming(nil))
    _ = begin(group: "x")
    #expect(ledger.setLimit("x", .incoming, 1000) && ledger.controlsIncoming(group))
    #expect(!ledger.controlsIncoming(UploadGroup(id: "y", name: "n")))
    #expect(ledger.setLimit("x", .incoming, nil) && !ledger.controlsIncoming(group))
    #expect(ledger.setPaused("x", .incoming, true) && ledger.controlsIncoming(group))
  }

  @Test func `an upload that the user blocks is paused whatever its data path does, until its body is complete`() {
    let (meter, continued) = (begin(), Count())
    ledger.onActivity { continued.add() }
    meter.phase = .peer
    meter.setBlocked(true)
    for phase in [UploadPhase.disk, .memory, .limit, .waiting, .peer] {
      meter.phase = phase
      #expect(meter.phase == .userPause && meter.isResting)
    }
    let snapshot = sample(after: 100)
    #expect(snapshot.uploads.first?.state == .paused && snapshot.uploads.first?.speed == 0 && snapshot.isResting)
    meter.phase = .disk
    meter.setBlocked(false)
    #expect(meter.phase == .disk && continued.now == 1)
    meter.setBlocked(true)
    meter.phase = .finishing
    #expect(meter.phase == .finishing && !meter.isBlocked && continued.now == 2)
    meter.setBlocked(false)
    #expect(meter.phase == .finishing && continued.now == 2)
  }

  @Test func `an incoming group is paused while all of its files are, and ends although its client is gone`() {
    let meter = begin(group: "x")
    meter.phase = .peer
    #expect(ledger.setPaused("x", .incoming, true))
    meter.setBlocked(true)
    let paused = sample().groups.first
    #expect(paused?.isPaused == true && paused?.filesPaused == 1 && paused?.isResting == true)
    ledger.end(meter, .cancelled, at: start + .seconds(1))
    #expect(sample(after: 200).groups.first?.hasEnded == true)
  }
}
