import Synchronization
import Testing

@testable import UploadCore

/// Interrupted and paused uploads in meter, ledger and sampler.
@Suite struct RestingUploadTests {
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()

  private func begin(_ direction: UploadDirection = .incoming) -> UploadMeter {
    let meter = UploadMeter(
      direction: direction,
      mode: .resumable,
      name: "a.bin",
      size: 1_000_000,
      remote: "127.0.0.1:1",
      startedAt: start
    )
    ledger.begin(meter)
    return meter
  }

  private func sampler() -> Sampler {
    Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 1, budget: 2) })
  }

  // MARK: The ledger

  @Test func `activity grows when an interrupted upload continues, and when it ends, and not when it is interrupted`() {
    let calls = Mutex(0)
    let meter = begin()
    ledger.onActivity { calls.withLock { $0 += 1 } }
    let before = ledger.activityCount
    meter.interrupt(expires: .now + .seconds(60))
    #expect(ledger.activityCount == before && calls.withLock { $0 } == 0)
    meter.endInterruption()
    #expect(ledger.activityCount == before + 1 && calls.withLock { $0 } == 1)
    meter.interrupt(expires: .now + .seconds(60))
    ledger.end(meter, .cancelled)
    #expect(ledger.activityCount == before + 2 && calls.withLock { $0 } == 2)
  }

  @Test func `pausing by identifier reaches the running upload with that identifier, if it can be paused`() {
    let (meter, plain) = (begin(.outgoing), begin(.outgoing))
    let pauses = Mutex<[Bool]>([])
    meter.onPause { isPaused in pauses.withLock { $0.append(isPaused) } }
    let before = ledger.activityCount
    #expect(ledger.setPaused(meter.id, true) && meter.isPaused)
    #expect(ledger.setPaused(meter.id, false) && !meter.isPaused)
    #expect(pauses.withLock { $0 } == [true, false])
    #expect(ledger.activityCount == before + 1, "only the continuation is reported")
    #expect(!ledger.setPaused(plain.id, true) && !ledger.setPaused(UploadID(), true))
    ledger.end(meter, .cancelled)
    #expect(!ledger.setPaused(meter.id, true))
  }

  @Test func `a pause that was requested before the upload could be paused is ended`() {
    let meter = begin()
    meter.requestPause(true)
    #expect(meter.isPaused && !meter.canPause)
    #expect(ledger.setPaused(meter.id, false) && !meter.isPaused)
    #expect(!ledger.setPaused(meter.id, false))
  }

  @Test func `stopping all uploads leaves interrupted ones, and the others keep what is stored`() {
    let (running, interrupted) = (begin(), begin())
    interrupted.interrupt(expires: .now + .seconds(60))
    let ends = Mutex<[Bool]>([])
    for meter in [running, interrupted] {
      meter.onCancel { [weak meter] in
        let isDiscarded = meter?.isDiscarded ?? true
        ends.withLock { $0.append(isDiscarded) }
      }
    }
    ledger.cancelAll()
    #expect(ends.withLock { $0 } == [false])
    ledger.cancel(interrupted.id)
    #expect(ends.withLock { $0 } == [false, true])
  }

  @Test func `a cancellation by the user before or after a stop discards what is stored`() {
    let (first, second) = (begin(), begin())
    first.cancel()
    first.stop()
    second.stop()
    #expect(!second.isDiscarded)
    second.cancel()
    #expect(first.isDiscarded && second.isDiscarded)
  }

  @Test func `interrupted and paused uploads do not move, in all other phases they do`() {
    let meter = begin()
    for phase in [
      UploadPhase.waiting, .connecting, .network, .peer, .disk, .store, .input, .memory, .limit, .pause, .response,
      .finishing,
    ] {
      meter.phase = phase
      #expect(!meter.isResting && ledger.hasMovingUploads)
    }
    for phase in [UploadPhase.interrupted, .userPause] {
      meter.phase = phase
      #expect(meter.isResting && !ledger.hasMovingUploads)
    }
  }

  // MARK: The sampler

  @Test func `an interrupted upload has the time without a request and the time until it expires`() throws {
    var sampler = sampler()
    let meter = begin()
    meter.interrupt(since: start + .seconds(10), expires: start + .seconds(70))
    let upload = try #require(sampler.sample(at: start + .seconds(25)).uploads.first)
    #expect(upload.state == .interrupted && upload.cause == nil && upload.isResting)
    #expect(upload.interruptedSeconds == 15 && upload.expiresIn == 45)
    let late = try #require(sampler.sample(at: start + .seconds(90)).uploads.first)
    #expect(late.expiresIn == 0)
    meter.endInterruption()
    let continued = try #require(sampler.sample(at: start + .seconds(91)).uploads.first)
    #expect(continued.interruptedSeconds == nil && continued.expiresIn == nil && continued.state == .waiting)
  }

  @Test func `an interrupted upload that the user has paused says so until the pause is ended`() throws {
    var sampler = sampler()
    let meter = begin()
    meter.onPause { _ in }
    #expect(ledger.setPaused(meter.id, true))
    #expect(try #require(sampler.sample(at: start + .seconds(1)).uploads.first).isPausedWhileInterrupted == false)
    meter.interrupt(since: start + .seconds(2), expires: start + .seconds(70))
    let interrupted = try #require(sampler.sample(at: start + .seconds(5)).uploads.first)
    #expect(interrupted.state == .interrupted && interrupted.isPausedWhileInterrupted)
    #expect(ledger.setPaused(meter.id, false))
    #expect(try #require(sampler.sample(at: start + .seconds(6)).uploads.first).isPausedWhileInterrupted == false)
  }

  @Test func `a gap of less than a tenth of a second between two requests is not an interruption`() throws {
    var sampler = sampler()
    let meter = begin()
    meter.interrupt(since: start + .seconds(10), expires: start + .seconds(70))
    let short = try #require(sampler.sample(at: start + .milliseconds(10_050)).uploads.first)
    #expect(short.state == .waiting && short.interruptedSeconds == nil)
    let long = try #require(sampler.sample(at: start + .milliseconds(10_100)).uploads.first)
    #expect(long.state == .interrupted)
  }

  @Test func `an upload that continues after a long interruption is not stalled before the limit has passed again`()
    throws
  {
    var sampler = sampler()
    let meter = begin()
    meter.addReceived(1_000)
    _ = sampler.sample(at: start + .seconds(1))
    meter.interrupt(since: start + .seconds(2), expires: start + .seconds(1_000))
    _ = sampler.sample(at: start + .seconds(600))
    meter.endInterruption()
    let first = try #require(sampler.sample(at: start + .seconds(601)).uploads.first)
    #expect(first.state == .waiting)
    let later = try #require(sampler.sample(at: start + .seconds(605)).uploads.first)
    #expect(later.state == .stalled && later.stalledSeconds == 5)
  }

  @Test func `what was stored before does not count in the rates of an upload that continues`() throws {
    var sampler = sampler()
    let meter = begin(.outgoing)
    meter.phase = .peer
    meter.resume(at: 900_000)
    let first = try #require(sampler.sample(at: start + .seconds(1)).uploads.first)
    #expect(first.bytes == 900_000 && first.speed == 0 && first.averageSpeed == 0)
    meter.addReceived(10_000)
    let second = try #require(sampler.sample(at: start + .seconds(2)).uploads.first)
    #expect(second.bytes == 910_000 && abs(second.speed - 10_000) < 0.01 && second.averageSpeed == 5_000)
  }

  @Test func `bytes that are sent again move the rate of an upload but not its progress`() throws {
    var sampler = sampler()
    let meter = begin(.outgoing)
    meter.phase = .peer
    meter.addReceived(500_000)
    _ = sampler.sample(at: start + .seconds(1))
    meter.resume(at: 400_000)
    let upload = try #require(sampler.sample(at: start + .seconds(2)).uploads.first)
    #expect(upload.bytes == 400_000 && upload.averageSpeed == 200_000)
  }

  @Test func `a snapshot rests while it has interrupted and paused uploads only`() {
    var sampler = sampler()
    #expect(sampler.sample(at: start + .seconds(1)).isResting)
    let (incoming, outgoing) = (begin(), begin(.outgoing))
    incoming.interrupt(since: start, expires: start + .seconds(60))
    outgoing.phase = .userPause
    #expect(sampler.sample(at: start + .seconds(2)).isResting)
    ledger.end(outgoing, .cancelled)
    #expect(!sampler.sample(at: start + .seconds(3)).isResting, "the end is to be shown")
    #expect(sampler.sample(at: start + .seconds(4)).isResting)
  }
}
