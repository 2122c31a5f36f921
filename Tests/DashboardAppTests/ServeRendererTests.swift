import Testing
import UploadCore
import UploadReport

@testable import DashboardApp

/// What `serve` shows on a terminal, as values.
@Suite struct ServeRendererTests {
  private let ledger = UploadLedger()
  private var renderer: ServeRenderer
  private var sampler: Sampler
  private let start = ContinuousClock.now

  init() {
    let output = LiveOutput(write: { _ in }, isInForeground: { true })
    renderer = ServeRenderer(output, unicode: true, log: LineRenderer(.plain, interval: nil))
    sampler = Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 0, budget: 0) },
      memory: { ProcessMemory(resident: 1, peak: 1) }
    )
  }

  private func begin(_ name: String) -> UploadMeter {
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: name,
      size: 100,
      remote: "192.168.1.9:51234",
      startedAt: start
    )
    meter.phase = .peer
    ledger.begin(meter)
    return meter
  }

  private mutating func lines(at seconds: Int) -> String {
    renderer.lines(for: sampler.sample(at: start + .seconds(seconds)), at: "18:30:00")
  }

  @Test mutating func `a start is quiet; a stall, a resumption and the end have a line with the time of day`() {
    let meter = begin("a.bin")
    #expect(lines(at: 0) == "")
    meter.addReceived(50)
    #expect(lines(at: 1) == "")
    #expect(lines(at: 7) == "18:30:00 incoming stream \"a.bin\" stalled for 6 s: waiting for the client\n")
    meter.addReceived(50)
    #expect(lines(at: 8) == "18:30:00 incoming stream \"a.bin\" resumed after 7 s\n")
    ledger.end(meter, .failed(UploadError(.connectionLost, "The client went away.")))
    #expect(lines(at: 9) == "18:30:00 incoming stream \"a.bin\" failed: The client went away.\n")
    #expect(lines(at: 10) == "")
  }

  @Test mutating func `a rejected request has a line, and a flood of them few`() {
    for number in 0..<5000 {
      ledger.reject(
        RejectedRequest(
          time: "1994-11-06T08:49:37Z",
          client: "192.168.1.9",
          method: "PUT",
          path: "/\(number)",
          status: 401,
          reason: "Access token missing."
        ),
        at: start
      )
    }
    let lines = lines(at: 1).split(separator: "\n")
    #expect((1...50).contains(lines.count), "\(lines.count)")
    #expect(lines.first?.contains("rejected PUT /0 from 192.168.1.9 with 401: Access token missing.") == true)
  }

  @Test mutating func `the block is drawn five times a second, and at once when something happens`() {
    let meter = begin("a.bin")
    func snapshot(_ milliseconds: Int) -> Snapshot { sampler.sample(at: start + .milliseconds(milliseconds)) }
    var due: [Bool] = []
    for milliseconds in stride(from: 0, through: 1000, by: 100) {
      meter.addReceived(1)
      due.append(renderer.isDue(snapshot(milliseconds), hasLines: false))
    }
    #expect(due.count { $0 } == 6)
    let withLines = renderer.isDue(snapshot(1010), hasLines: true)
    _ = begin("b.bin")
    let withAnother = renderer.isDue(snapshot(1020), hasLines: false)
    #expect(withLines && withAnother)
    #expect(renderer.block(snapshot(1030), columns: 80, rows: 24).count == 3)
  }
}
