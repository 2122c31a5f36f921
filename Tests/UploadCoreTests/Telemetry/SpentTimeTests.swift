import Testing

@testable import UploadCore

/// Time is that of the phases, exactly, at whatever instant it is read.
@Suite struct SpentTimeTests {
  private let start = ContinuousClock.now

  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// Compares seconds to the microsecond.
  private func expect(
    _ time: TimeShares,
    _ expected: KeyValuePairs<TimeCause, Double>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wanted = TimeShares(expected)
    for cause in TimeCause.allCases {
      #expect(abs(time[cause] - wanted[cause]) < 1e-6, "\(cause)", sourceLocation: sourceLocation)
    }
  }

  @Test func `the time of each phase counts for its cause, that of the last one until now`() {
    let spent = SpentTime(startedAt: start, in: .disk)
    spent.enter(.limit, at: at(1))
    spent.enter(.disk, at: at(3))
    spent.enter(.finishing, at: at(3.5))
    expect(spent.shares(at: at(10), peer: .client), [.disk: 1.5, .limit: 2, .finishing: 6.5])
    expect(spent.shares(at: at(11), peer: .client), [.disk: 1.5, .limit: 2, .finishing: 7.5])
  }

  @Test func `nothing is counted after the end`() {
    let spent = SpentTime(startedAt: start, in: .limit)
    spent.end(at: at(2))
    spent.enter(.disk, at: at(3))
    spent.enter(.finishing, at: at(4))
    expect(spent.shares(at: at(9), peer: .client), [.limit: 2])
  }

  @Test func `a clock that goes back adds nothing`() {
    let spent = SpentTime(startedAt: start, in: .disk)
    spent.enter(.limit, at: at(5))
    spent.enter(.memory, at: at(4))
    spent.end(at: at(3))
    expect(spent.shares(at: at(1), peer: .client), [.disk: 5])
    expect(SpentTime(startedAt: start, in: .disk).shares(at: at(-1), peer: .client), [:])
  }

  @Test func `waiting for the peer is divided among causes once, the rest counts for the largest`() {
    let spent = SpentTime(startedAt: start, in: .peer)
    #expect(spent.undivided(.peer, at: at(10)) == 10_000_000_000)
    spent.divide(.peer, among: TimeShares([.network: 6, .server: 4]))
    expect(spent.shares(at: at(10), peer: .client), [.network: 6, .server: 4])
    expect(spent.shares(at: at(11), peer: .client), [.network: 7, .server: 4])
    expect(spent.shares(at: at(11), peer: nil), [.network: 6, .server: 4])
  }

  @Test func `a division of more than there is takes no more than that`() {
    let spent = SpentTime(startedAt: start, in: .peer)
    _ = spent.undivided(.peer, at: at(1))
    spent.divide(.peer, among: TimeShares([.network: 1.000_000_001]))
    #expect(spent.undivided(.peer, at: at(1)) == 0)
    spent.divide(.peer, among: TimeShares([.network: .nan, .server: -5]))
    expect(spent.shares(at: at(1), peer: .client), [.network: 1])
  }

  @Test func `without a division waiting counts for the peer, and the response for finishing`() {
    let spent = SpentTime(startedAt: start, in: .peer)
    spent.enter(.response, at: at(3))
    expect(spent.shares(at: at(4), peer: .server), [.server: 3, .finishing: 1])
  }

  @Test func `a short gap between two requests is the client's, a long one a pause`() {
    let spent = SpentTime(startedAt: start, in: .disk)
    spent.enter(.paused, at: at(1))
    spent.enter(.disk, at: at(1.2))
    spent.noteGap(at(1), at: at(1.2))
    spent.enter(.paused, at: at(2))
    spent.enter(.disk, at: at(5))
    spent.noteGap(at(2), at: at(5))
    expect(spent.shares(at: at(5), peer: .client), [.disk: 1.8, .client: 0.2, .paused: 3])
  }

  @Test func `chunks that move between waits for the same resource are that resource's time`() {
    let spent = SpentTime(startedAt: start, in: .peer)
    // 1 s for the first bytes, then four chunks that each need 0.1 s of the 0.5 s that the limit allows for one.
    for turn in 0..<4 {
      spent.enter(.limit, at: at(1 + Double(turn) * 0.5))
      spent.enter(.peer, at: at(1.4 + Double(turn) * 0.5))
    }
    spent.enter(.finishing, at: at(2.9))
    expect(spent.shares(at: at(3), peer: .client), [.client: 1, .limit: 1.9, .finishing: 0.1])
  }

  @Test func `a client that is slower than the resource keeps its time`() {
    let spent = SpentTime(startedAt: start, in: .peer)
    for turn in 0..<4 {
      spent.enter(.disk, at: at(Double(turn) + 0.9))
      spent.enter(.peer, at: at(Double(turn) + 1))
    }
    expect(spent.shares(at: at(4), peer: .client), [.client: 3.6, .disk: 0.4])
  }

  @Test func `several threads that change the phase lose no time`() async {
    let spent = SpentTime(startedAt: start, in: .disk)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<10_000 {
            spent.enter(.disk)
            spent.enter(.limit)
          }
        }
      }
    }
    let end = ContinuousClock.now
    spent.end(at: end)
    #expect(abs(spent.shares(at: end, peer: .client).seconds - (end - start).inSeconds) < 1e-6)
  }

  // MARK: Of a meter

  private func meter(_ direction: UploadDirection, countsTime: Bool = true) -> UploadMeter {
    UploadMeter(
      direction: direction,
      mode: .stream,
      name: "a",
      size: nil,
      remote: "",
      countsTime: countsTime,
      startedAt: start
    )
  }

  @Test(arguments: UploadDirection.allCases)
  func `the seconds of all causes sum up to those of the upload`(direction: UploadDirection) throws {
    let meter = meter(direction)
    for phase in [UploadPhase.peer, .disk, .store, .limit, .memory, .input, .response, .finishing] {
      meter.phase = phase
    }
    let time = try #require(meter.time(at: at(7)))
    #expect(abs(time.seconds - 7) < 1e-6)
    _ = meter.end(.cancelled, at: at(9))
    let ended = try #require(meter.time(at: at(99)))
    #expect(abs(ended.seconds - 9) < 1e-6)
  }

  @Test func `the time of a small file is not counted`() {
    let meter = meter(.incoming, countsTime: false)
    meter.phase = .finishing
    meter.dividePeerTime { _ in TimeShares([.network: 1]) }
    meter.note(LinkFacts(roundTrip: 1))
    #expect(meter.time(at: at(1)) == nil)
    #expect(meter.dividedTime(at: at(1)) == TimeShares())
    #expect(meter.link == nil)
  }

  @Test func `the time until another attempt counts for what has failed`() throws {
    let meter = meter(.outgoing)
    meter.pause(because: "lost", attempt: 2, until: at(5), cause: .network)
    let time = try #require(meter.time(at: at(1000)))
    #expect(time.largest == .network)
    #expect(meter.phase == .pause)
  }

  @Test(
    arguments: [
      (.waiting, .incoming, .disk), (.waiting, .outgoing, .server), (.connecting, .outgoing, .network),
      (.network, .outgoing, .network), (.userPause, .outgoing, .paused), (.interrupted, .incoming, .paused),
      (.store, .incoming, .store), (.memory, .incoming, .memory), (.input, .outgoing, .input),
      (.peer, .incoming, .client),
      (.peer, .outgoing, .server), (.response, .outgoing, .finishing), (.finishing, .incoming, .finishing),
    ] as [(UploadPhase, UploadDirection, TimeCause)]
  )
  func `each phase has a cause`(phase: UploadPhase, direction: UploadDirection, cause: TimeCause) throws {
    let meter = meter(direction)
    meter.phase = phase
    #expect(try #require(meter.time(at: at(10_000)))[cause] > 9_990)
  }

  @Test func `the ledger sums up the time of ended uploads`() {
    let ledger = UploadLedger()
    for _ in 0..<2 {
      let meter = meter(.incoming)
      ledger.begin(meter)
      meter.phase = .limit
      ledger.end(meter, .cancelled, at: at(1000))
    }
    let time = ledger.totals(.incoming).time
    #expect(abs(time.seconds - 2000) < 1e-3)
    #expect(time.largest == .limit)
    #expect(ledger.totals(.outgoing).time == TimeShares())
  }
}
