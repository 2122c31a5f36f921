import Testing

@testable import UploadCore

/// How the time that an upload waits for its peer is divided by what the kernel says of the connection.
@Suite struct LinkTimesTests {
  private let idle = LinkTimes.Load(busy: 0, uploads: 1)

  private func reading(_ change: (inout LinkReading) -> Void) -> LinkReading {
    var reading = LinkReading()
    reading.hasTimes = true
    (reading.roundTrip, reading.packetSize) = (0.1, 1448)
    change(&reading)
    return reading
  }

  private func outgoing(
    _ content: LinkTimes.Content,
    busy: Double,
    window: Double = 0,
    load: LinkTimes.Load? = nil
  ) -> TimeShares {
    let first = reading { ($0.busy, $0.windowLimited) = (3, 2) }
    let last = reading { ($0.busy, $0.windowLimited) = (3 + busy, 2 + window) }
    return LinkTimes.outgoing(10, of: content, from: first, to: last, load: load ?? idle)
  }

  private func expect(
    _ time: TimeShares,
    _ expected: KeyValuePairs<TimeCause, Double>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wanted = TimeShares(expected)
    for cause in TimeCause.allCases {
      #expect(abs(time[cause] - wanted[cause]) < 1e-9, "\(cause)", sourceLocation: sourceLocation)
    }
  }

  @Test func `a full receive window is the server's, the rest of the time with bytes under way the network's`() {
    expect(outgoing(.file, busy: 10, window: 8), [.server: 8, .network: 2])
    expect(outgoing(.file, busy: 10), [.network: 10])
  }

  @Test func `with BBR a window that is full half of the time or more is the server's for all of it`() {
    let first = reading { $0.isPaced = true }
    for (window, fills, server) in [(5.0, false, 10.0), (4, false, 4), (4, true, 10), (0.5, true, 0.5)] {
      let last = reading {
        ($0.isPaced, $0.fillsWindow) = (true, fills)
        ($0.busy, $0.windowLimited) = (10, window)
      }
      let time = LinkTimes.outgoing(10, of: .file, from: first, to: last, load: idle)
      expect(time, [.server: server, .network: 10 - server])
    }
  }

  @Test func `an empty socket waits for the disk where a file is sent, and for this program otherwise`() {
    expect(outgoing(.file, busy: 6), [.disk: 4, .network: 6])
    expect(outgoing(.memory, busy: 1), [.client: 9, .network: 1])
  }

  @Test func `a disk that is awaited most of the time has read while the socket was sending`() {
    expect(outgoing(.file, busy: 4, window: 1), [.disk: 9, .server: 1])
  }

  @Test func `a thread that is busy all the time is the client's`() {
    expect(outgoing(.file, busy: 9, window: 1, load: .init(busy: 1, uploads: 1)), [.client: 9, .server: 1])
    expect(outgoing(.memory, busy: 9, load: .init(busy: 1, uploads: 1)), [.client: 10])
  }

  @Test func `a thread that is busy with others does not make a slow link the client's`() {
    let time = outgoing(.file, busy: 10, load: .init(busy: 0.9, uploads: 90))
    #expect(time[.network] > 9.8)
    #expect(abs(time.seconds - 10) < 1e-9)
  }

  @Test func `after the last byte the network counts as long as bytes are under way`() {
    expect(outgoing(.sent(.finishing), busy: 4, window: 1), [.server: 1, .network: 3, .finishing: 6])
    expect(outgoing(.sent(.server), busy: 0), [.server: 10])
  }

  @Test func `more time with bytes under way than was waited does not count`() {
    expect(outgoing(.file, busy: 40, window: 20), [.server: 5, .network: 5])
  }

  @Test func `counters that go backwards, and an old kernel, count for the server`() {
    let (first, last) = (reading { $0.busy = 9 }, reading { $0.busy = 1 })
    #expect(LinkTimes.outgoing(10, of: .sent(.server), from: first, to: last, load: idle)[.server] == 10)
    var old = last
    old.hasTimes = false
    #expect(LinkTimes.outgoing(10, of: .file, from: first, to: old, load: idle)[.server] == 10)
  }

  @Test func `any readings divide exactly the time there is`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      func any() -> Double { Double.random(in: 0...20, using: &random) }
      let (first, last) = (
        reading { ($0.busy, $0.windowLimited) = (any(), any()) },
        reading { ($0.busy, $0.windowLimited) = (any(), any()) }
      )
      let load = LinkTimes.Load(busy: any() / 20, uploads: Int(any()))
      for content in [LinkTimes.Content.file, .memory, .sent(.server)] {
        let time = LinkTimes.outgoing(7, of: content, from: first, to: last, load: load)
        #expect(abs(time.seconds - 7) < 1e-9)
        #expect(TimeCause.allCases.allSatisfy { time[$0] >= -1e-9 })
      }
    }
  }

  // MARK: Incoming

  /// A second in which `packets` arrived, `late` of them before an earlier one.
  private func incoming(packets: UInt64, late: UInt64 = 0, filled: Double = 0, busy: Double = 0) -> TimeShares {
    let first = reading { ($0.receivedPackets, $0.outOfOrder, $0.receivedBytes) = (1000, 7, 1_448_000) }
    let last = reading {
      ($0.receivedPackets, $0.outOfOrder) = (1000 + packets, 7 + late)
      $0.receivedBytes = (1000 + packets) * 1448
    }
    let load = LinkTimes.Load(busy: busy, uploads: 1)
    return LinkTimes.incoming(1, filled: filled, from: first, to: last, elapsed: 1, load: load)
  }

  @Test func `without loss bytes are awaited from the client`() {
    #expect(incoming(packets: 10_000) == TimeShares([.client: 1]))
    #expect(LinkTimes.incoming(1, filled: 0, from: nil, to: nil, elapsed: 1, load: idle) == TimeShares([.client: 1]))
  }

  @Test func `with as much loss as the rate allows they are awaited from the network`() {
    // At 1 % loss and a round trip of 100 ms TCP carries some 120 packets a second; 60 of a window arrive too early.
    #expect(incoming(packets: 120, late: 7) == TimeShares([.network: 1]))
  }

  @Test func `a client that sends less than the loss allows is the cause itself`() {
    #expect(incoming(packets: 10, late: 1) == TimeShares([.client: 1]))
  }

  @Test func `reads that leave bytes in the socket are this server's time, as far as it is busy`() {
    #expect(incoming(packets: 10_000, filled: 1, busy: 0.75) == TimeShares([.server: 0.75, .client: 0.25]))
    #expect(incoming(packets: 10_000, filled: 0, busy: 0.75) == TimeShares([.client: 1]))
    #expect(incoming(packets: 10_000, filled: .nan, busy: .nan).seconds == 1)
  }
}
