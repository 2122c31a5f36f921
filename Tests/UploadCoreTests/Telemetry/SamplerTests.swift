import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct SamplerTests {
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()

  private func makeSampler(stallAfter: Duration = .seconds(5)) -> Sampler {
    Sampler(
      ledger: ledger,
      stallAfter: stallAfter,
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
  }

  private func begin(_ direction: UploadDirection = .incoming, size: UInt64? = 1_000_000) -> UploadMeter {
    let meter = UploadMeter(
      direction: direction,
      mode: .stream,
      name: "a.bin",
      size: size,
      sizeExact: false,
      remote: "127.0.0.1:1",
      declaredType: "text/plain",
      startedAt: start
    )
    ledger.begin(meter)
    return meter
  }

  @Test(arguments: UploadDirection.allCases)
  func `the state of a running upload follows from its phase and the time since its last byte`(
    direction: UploadDirection
  ) {
    let peer: StallCause = direction == .incoming ? .client : .server
    let moving: UploadState = direction == .incoming ? .receiving : .sending
    let table: [(UploadPhase, UploadState, StallCause?)] = [
      (.waiting, .waiting, peer), (.peer, moving, peer), (.disk, moving, .disk),
      (.memory, .waitingForMemory, .memory), (.limit, .limited, .limit), (.finishing, .finishing, nil),
      (.input, moving, .input), (.response, .finishing, .server), (.connecting, .waiting, .network),
      (.network, moving, .network),
    ]
    let meter = begin(direction)
    for (phase, state, cause) in table {
      meter.phase = phase
      let moved = Sampler.state(of: meter, outcome: nil, idle: .milliseconds(4_999), limit: .seconds(5))
      #expect(moved == (state, nil))
      let idle = Sampler.state(of: meter, outcome: nil, idle: .seconds(5), limit: .seconds(5))
      #expect(idle == (cause == nil ? state : .stalled, cause))
    }
  }

  @Test func `the state of an ended upload follows from its outcome, not from its phase`() {
    let meter = begin()
    meter.phase = .disk
    let outcomes: [(UploadOutcome, UploadState)] = [
      (.finished(FinishedUpload(path: "a", bytes: 1)), .done),
      (.failed(UploadError(.clientGone, "Gone.")), .failed),
      (.cancelled, .cancelled),
    ]
    for (outcome, state) in outcomes {
      #expect(Sampler.state(of: meter, outcome: outcome, idle: .seconds(99), limit: .seconds(5)) == (state, nil))
    }
  }

  @Test func `an upload is stalled when no byte has moved for the limit, until the next byte moves`() throws {
    var sampler = makeSampler()
    let meter = begin()
    meter.phase = .peer
    meter.addReceived(10)
    let moving = try #require(sampler.sample(at: start + .seconds(1)).uploads.first)
    #expect(moving.state == .receiving)
    #expect(moving.stalledSeconds == 0)
    #expect(moving.eta != nil)
    #expect(try #require(sampler.sample(at: start + .seconds(5.5)).uploads.first).state == .receiving)
    let stalled = try #require(sampler.sample(at: start + .seconds(7)).uploads.first)
    #expect(stalled.state == .stalled)
    #expect(stalled.cause == .client)
    #expect(stalled.stalledSeconds == 6)
    #expect(stalled.eta == nil)
    meter.addReceived(1)
    let recovered = try #require(sampler.sample(at: start + .seconds(8)).uploads.first)
    #expect(recovered.state == .receiving)
    #expect(recovered.cause == nil)
    #expect(recovered.stalledSeconds == 0)
  }

  @Test func `an upload that is stalled or waits for its next attempt has speed 0`() throws {
    var sampler = makeSampler(stallAfter: .seconds(1))
    let meter = begin()
    meter.phase = .peer
    for second in 1...3 {
      meter.addReceived(100_000)
      #expect(try #require(sampler.sample(at: start + .seconds(second)).uploads.first).speed > 0)
    }
    let stalled = try #require(sampler.sample(at: start + .seconds(4)).uploads.first)
    #expect(stalled.state == .stalled && stalled.speed == 0)
    #expect(stalled.averageSpeed == 75_000, "this one is of the upload's whole life")
    meter.addReceived(100_000)
    #expect(try #require(sampler.sample(at: start + .seconds(5)).uploads.first).speed > 0)
    meter.pause(because: "away", attempt: 2, until: start + .seconds(9))
    #expect(try #require(sampler.sample(at: start + .seconds(5.5)).uploads.first).speed == 0)
  }

  @Test func `an upload without any byte is stalled when the limit has passed since its start`() throws {
    var sampler = makeSampler()
    _ = begin()
    let upload = try #require(sampler.sample(at: start + .seconds(5)).uploads.first)
    #expect(upload.state == .stalled)
    #expect(upload.stalledSeconds == 5)
  }

  @Test func `a snapshot contains the values of the meter`() throws {
    var sampler = makeSampler()
    let meter = begin()
    meter.phase = .peer
    meter.addReceived(500_000)
    meter.addStored(400_000)
    let pages = MappedPages(65_536)
    meter.add(pages.region)
    pages.touch(65_536)
    let snapshot = sampler.sample(at: start + .seconds(2))
    #expect(snapshot.at == start + .seconds(2))
    #expect(snapshot.memory == ProcessMemory(resident: 3, peak: 4))
    #expect(snapshot.slabs == SlabUse(used: 1, budget: 2))
    let upload = try #require(snapshot.uploads.first)
    #expect(upload.id == meter.id && upload.request == meter.request)
    #expect(upload.name == "a.bin" && upload.remote == "127.0.0.1:1" && upload.declaredType == "text/plain")
    #expect(upload.size == 1_000_000 && !upload.sizeExact)
    #expect(upload.bytes == 500_000 && upload.stored == 400_000 && upload.durable == 0)
    #expect(upload.residentBytes == 65_536 && upload.peakResidentBytes == 65_536)
    #expect(upload.seconds == 2)
    #expect(upload.averageSpeed == 250_000)
    #expect(abs(upload.speed - 250_000) < 0.01)
    #expect(abs(try #require(upload.eta) - 2) < 0.001)
    #expect(upload.fraction == 0.5)
    #expect(upload.outcome == nil)
  }

  @Test func `the stored and durable bytes of an outgoing upload are unknown until it ends`() throws {
    var sampler = makeSampler()
    let meter = begin(.outgoing)
    meter.addReceived(10)
    let running = try #require(sampler.sample(at: start + .seconds(1)).uploads.first)
    #expect(running.stored == nil && running.durable == nil)
    meter.addStored(10)
    meter.markDurable()
    ledger.end(meter, .finished(FinishedUpload(path: "a.bin", bytes: 10)), at: start + .seconds(2))
    let ended = try #require(sampler.sample(at: start + .seconds(3)).uploads.first)
    #expect(ended.stored == 10 && ended.durable == 10)
  }

  @Test func `an ended upload is in one snapshot only, with its duration and peak memory, and with speed 0`() throws {
    var sampler = makeSampler()
    let meter = begin()
    meter.addReceived(300)
    let pages = MappedPages(4_096)
    meter.add(pages.region)
    _ = sampler.sample(at: start + .seconds(1))
    ledger.end(meter, .finished(FinishedUpload(path: "a.bin", bytes: 300)), at: start + .seconds(3))
    let upload = try #require(sampler.sample(at: start + .seconds(10)).uploads.first)
    #expect(upload.state == .done)
    #expect(upload.seconds == 3)
    #expect(upload.averageSpeed == 100)
    #expect(upload.speed == 0 && upload.eta == nil)
    #expect(upload.residentBytes == 0 && upload.peakResidentBytes == 4_096)
    #expect(sampler.sample(at: start + .seconds(11)).uploads.isEmpty)
  }

  @Test func `an upload that has ended but is not among the ledger's ended ones is shown as running`() throws {
    var sampler = makeSampler()
    let meter = begin()
    #expect(meter.end(.cancelled, at: start + .seconds(1)))
    let upload = try #require(sampler.sample(at: start + .seconds(1)).uploads.first)
    #expect(upload.outcome == nil)
    #expect(upload.state == .waiting)
  }

  @Test func `each of many uploads that end while samples are taken is in exactly one snapshot as ended`() async {
    let ledger = ledger
    var sampler = makeSampler()
    let count = 2_000
    let ending = Task.detached {
      for _ in 0..<count {
        let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")
        ledger.begin(meter)
        ledger.end(meter, .cancelled)
      }
    }
    var ended: [UploadID] = []
    while ended.count < count {
      ended += sampler.sample().uploads.filter { $0.outcome != nil }.map(\.id)
      await Task.yield()
    }
    await ending.value
    ended += sampler.sample().uploads.filter { $0.outcome != nil }.map(\.id)
    #expect(ended.count == count)
    #expect(Set(ended).count == count)
  }

  @Test(
    arguments: [
      (500, 1_000, 100, 2, 5), (500, 1_000, 100, 0.99, nil), (1_000, 1_000, 100, 2, nil), (1_001, 1_000, 100, 2, nil),
      (999, 1_000, 1_000_000, 2, 1), (0, 1_000, 0.5, 2, nil), (500, nil, 100, 2, nil), (0, .max, 1, 2, 0x1p64),
    ] as [(UInt64, UInt64?, Double, Double, Double?)]
  )
  func `the time left is at least 1 s, and unknown in the first second, without a size or without speed`(
    bytes: UInt64,
    size: UInt64?,
    speed: Double,
    seconds: Double,
    left: Double?
  ) {
    #expect(Sampler.eta(bytes: bytes, size: size, speed: speed, seconds: seconds) == left)
  }

  @Test func `a snapshot from before the start of an upload has no negative duration`() throws {
    var sampler = makeSampler()
    _ = begin()
    let upload = try #require(sampler.sample(at: start - .seconds(1)).uploads.first)
    #expect(upload.seconds == 0)
    #expect(upload.averageSpeed == 0)
  }
}

@Suite struct UploadSnapshotTests {
  @Test(
    arguments: [
      (0, 10, 0), (5, 10, 0.5), (10, 10, 1), (11, 10, 1), (0, 0, 1), (5, nil, nil),
    ] as [(UInt64, UInt64?, Double?)]
  )
  func `the share of the size that has moved is 0 to 1, and unknown without a size`(
    bytes: UInt64,
    size: UInt64?,
    fraction: Double?
  ) throws {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: size, remote: "")
    meter.addReceived(Int(bytes))
    let ledger = UploadLedger()
    ledger.begin(meter)
    var sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
    #expect(try #require(sampler.sample().uploads.first).fraction == fraction)
  }
}
