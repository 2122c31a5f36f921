import Synchronization
import Testing

@testable import UploadCore

/// Groups that the user pauses as a whole.
@Suite struct GroupPauseTests {
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()

  private func begin(_ id: String = "x") -> UploadMeter {
    let meter = UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: "a",
      size: 100,
      remote: "h:80",
      group: UploadGroup(id: id, name: "photos", files: 10, bytes: 1000),
      startedAt: start
    )
    ledger.begin(meter)
    return meter
  }

  private func group(at seconds: Int) throws -> GroupSnapshot {
    var sampler = Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
    return try #require(sampler.sample(at: start + .seconds(seconds)).groups.first)
  }

  /// The pauses (true) and continuations that an upload has been asked for.
  private func requests(of meter: UploadMeter) -> @Sendable () -> [Bool] {
    let seen = SeenRequests()
    meter.onPause { isPaused in seen.list.withLock { $0.append(isPaused) } }
    return { seen.list.withLock { $0 } }
  }

  private final class SeenRequests: Sendable {
    let list = Mutex<[Bool]>([])
  }

  @Test func `running files are paused and continued, and a file that begins meanwhile is paused at once`() {
    let running = requests(of: begin())
    let other = requests(of: begin("other"))
    #expect(ledger.setPaused("x", .outgoing, true))
    let late = requests(of: begin())
    #expect(running() == [true] && late() == [true] && other().isEmpty)
    #expect(ledger.setPaused("x", .outgoing, false))
    #expect(running() == [true, false] && late() == [true, false])
    #expect(requests(of: begin())() == [], "a later file is not")
  }

  @Test func `a file that can be paused only later is paused then, unless the group continues before`() {
    let early = begin()
    #expect(ledger.setPaused("x", .outgoing, true))
    #expect(requests(of: early)() == [true])
    let second = begin()
    #expect(ledger.setPaused("x", .outgoing, false))
    #expect(requests(of: second)() == [])
  }

  @Test func `a paused group rests without active files, is not stalled, and does not end by itself`() throws {
    ledger.end(begin(), .finished(FinishedUpload(path: "a", bytes: 100)), at: start)
    #expect(try group(at: 6).isStalled)
    #expect(ledger.setPaused("x", .outgoing, true))
    let paused = try group(at: 1000)
    #expect(paused.isPaused && paused.isResting && !paused.isStalled && !paused.hasEnded)
    #expect(ledger.setPaused("x", .outgoing, false))
    #expect(try !group(at: 0).isResting)
  }

  @Test func `a paused group whose files cannot be paused moves until they are complete`() throws {
    let meter = begin()
    meter.phase = .peer
    #expect(ledger.setPaused("x", .outgoing, true))
    #expect(try !group(at: 1).isResting)
    ledger.end(meter, .finished(FinishedUpload(path: "a", bytes: 100)), at: start)
    #expect(try group(at: 1).isResting)
  }

  @Test func `a group that has ended or is unknown cannot be paused`() {
    _ = begin()
    ledger.close(UploadGroup(id: "x", name: "photos"), .outgoing)
    #expect(!ledger.setPaused("x", .outgoing, true))
    #expect(!ledger.setPaused("x", .incoming, true))
    #expect(!ledger.setPaused("unknown", .outgoing, true))
  }
}
