import Testing
import UploadCore

@testable import UploadReport

@Suite struct TimeWordsTests {
  private let time = TimeShares([.client: 29.52, .disk: 3.69, .limit: 7.79])

  private func upload(
    _ time: TimeShares?,
    seconds: Double = 41,
    direction: UploadDirection = .incoming,
    link: LinkFacts? = nil
  ) -> UploadSnapshot {
    UploadSnapshot.example {
      ($0.time, $0.seconds, $0.direction, $0.link) = (time, seconds, direction, link)
    }
  }

  @Test func `the shares in words`() {
    #expect(TimeWords.text(time) == "client 72 %, disk 9 %, limit 19 %")
    #expect(TimeWords.text(TimeShares()) == nil)
  }

  @Test func `the line of a finished upload ends with what its time was spent on`() {
    let file = FinishedUpload(path: "a.bin", bytes: 2_040_109_465)
    let event = UploadEvent.finished(upload(time), file)
    #expect(event.detail == "1.9 GiB in 41 s (47.5 MiB/s): client 72 %, disk 9 %, limit 19 %")
    #expect(event.plainLine()?.contains("limit 19 %; peak memory") == true)
  }

  @Test func `the line of an upload of less than 5 s, and of a small file, does not say it`() {
    let file = FinishedUpload(path: "a.bin", bytes: 1 << 30)
    for short in [upload(time, seconds: 4.9), upload(nil)] {
      let event = UploadEvent.finished(short, file)
      #expect(!event.detail.contains("client"))
      #expect(event.plainLine()?.contains("), peak memory") == true)
    }
  }

  @Test(
    arguments: [
      (.incoming, .client, "slowed by the client: its bytes were awaited 80 % of the time"),
      (.incoming, .server, "slowed by this server: more bytes had arrived 80 % of the time"),
      (.incoming, .disk, "slowed by the disk: writes were awaited 80 % of the time"),
      (.incoming, .store, "slowed by the store: it was awaited 80 % of the time"),
      (.incoming, .memory, "slowed by memory: no buffer was free 80 % of the time"),
      (.incoming, .finishing, "slowed by the disk: the file was stored and synced 80 % of the time"),
      (.outgoing, .client, "slowed by this client: it was busy sending 80 % of the time"),
      (.outgoing, .server, "slowed by the server: its responses were awaited 80 % of the time"),
      (.outgoing, .network, "slowed by the network 80 % of the time"),
      (.outgoing, .disk, "slowed by the disk: reads were awaited 80 % of the time"),
      (.outgoing, .limit, "slowed by the rate limit 80 % of the time"),
      (.outgoing, .input, "slowed by its input: bytes were awaited 80 % of the time"),
      (.outgoing, .finishing, "slowed by the server: it stored the file 80 % of the time"),
    ] as [(UploadDirection, TimeCause, String)]
  )
  func `the bottleneck in words`(direction: UploadDirection, cause: TimeCause, words: String) {
    let other: TimeCause = cause == .limit ? .disk : .limit
    let time = TimeShares([cause: 8.0, other: 2.0])
    #expect(TimeWords.bottleneck(upload(time, direction: direction)) == words)
  }

  @Test func `a full receive window and a slow link are described by what the kernel says`() {
    let full = LinkFacts(roundTrip: 0.1, deliveryRate: 1_048_576, windowSeconds: 7)
    #expect(
      TimeWords.bottleneck(upload(TimeShares([.server: 8.3, .limit: 1.7]), direction: .outgoing, link: full))
        == "slowed by the server: its receive window was full 83 % of the time"
    )
    let slow = TimeShares([.network: 10])
    let lossy = LinkFacts(roundTrip: 0.1034, deliveryRate: 5_347_738, disturbed: 0.0123)
    #expect(
      TimeWords.bottleneck(upload(slow, direction: .outgoing, link: lossy))
        == "slowed by the network 100 % of the time: round trip 103 ms, 1.2 % of packets sent again, "
        + "carries 5.1 MiB/s"
    )
    #expect(
      TimeWords.bottleneck(upload(slow, link: LinkFacts(roundTrip: 0.0004, disturbed: 0.000_01)))
        == "slowed by the network 100 % of the time: round trip 0.4 ms, 0.1 % of packets out of order"
    )
  }

  @Test func `without a second in which bytes could move there is no bottleneck`() {
    #expect(TimeWords.bottleneck(upload(TimeShares([.paused: 100, .client: 0.5]))) == nil)
    #expect(TimeWords.bottleneck(upload(nil)) == nil)
  }

  @Test(arguments: [Double.nan, .infinity, -1, 1e300])
  func `numbers that make no sense do not trap`(value: Double) {
    let link = LinkFacts(roundTrip: value, deliveryRate: value, disturbed: value, windowSeconds: value)
    let odd = upload(TimeShares([.network: 5, .server: value]), direction: .outgoing, link: link)
    _ = (TimeWords.bottleneck(odd), UploadEvent.cancelled(odd).json.serialized, UploadEvent.progress(odd).json)
  }

  // MARK: JSON

  @Test func `events have the seconds by cause, the bottleneck and the link`() {
    let link = LinkFacts(roundTrip: 0.05, deliveryRate: 1_000_000.4, disturbed: 0.01)
    let outgoing = upload(TimeShares([.network: 3.25, .limit: 1, .disk: 0.0001]), direction: .outgoing, link: link)
    let time = #","time":{"network":3.25,"limit":1.0},"bottleneck":"network""#
    let facts = #","link":{"roundTrip":0.05,"retransmitted":0.01,"deliveryRate":1000000}"#
    let file = FinishedUpload(path: "a.bin", bytes: 1)
    #expect(UploadEvent.progress(outgoing).json.serialized.contains(time))
    for event in [
      UploadEvent.finished(outgoing, file), .cancelled(outgoing), .failed(outgoing, UploadError(.timedOut, "No.")),
    ] {
      #expect(event.json.serialized.contains(time + facts))
    }
    let incoming = upload(TimeShares([.client: 2]), link: LinkFacts(disturbed: 0.01))
    #expect(
      UploadEvent.cancelled(incoming).json.serialized.contains(
        #""bottleneck":"client","link":{"roundTrip":null,"outOfOrder":0.01}"#
      )
    )
  }

  @Test func `events of a small file have none of them`() {
    for event in [UploadEvent.progress(upload(nil)), .cancelled(upload(nil))] {
      #expect(!event.json.serialized.contains("time") && !event.json.serialized.contains("bottleneck"))
    }
  }

  @Test func `the summary has the time of an upload`() {
    let start = ContinuousClock.now
    let meter = UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: "a",
      size: 1,
      remote: "h:1",
      startedAt: start
    )
    meter.phase = .limit
    UploadLedger().end(meter, .cancelled, at: start + .seconds(1000))
    let entry = UploadSummary.Entry(for: meter)
    #expect(UploadSummary(uploads: [entry], peakResidentBytes: 0).json.serialized.contains(#""time":{"limit":"#))
  }

  @Test func `no number of seconds in the metrics shrinks when time moves to another cause`() throws {
    let ledger = UploadLedger()
    let start = ContinuousClock.now - .seconds(1000)
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: "a", size: 1, remote: "h:1", startedAt: start)
    ledger.begin(meter)
    meter.phase = .limit
    func seconds(_ cause: TimeCause) throws -> Double {
      let metrics = Metrics(ledger: ledger, slabs: SlabUse(used: 0, budget: 1), memory: ProcessMemory.current())
      let series = #"sluice_upload_wait_seconds_total{direction="outgoing",cause="\#(cause.rawValue)"} "#
      let line = try #require(metrics.text.split(separator: "\n").first { $0.hasPrefix(series) })
      return try #require(Double(line.dropFirst(series.count)))
    }
    let before = try seconds(.server)
    #expect(before >= 1000)
    meter.noteRoundTrip(5)
    #expect(meter.dividedTime(at: .now)[.server] < before)
    #expect(try seconds(.server) == before && seconds(.network) == 5)
    ledger.end(meter, .cancelled, at: start + .seconds(500))
    #expect(try seconds(.server) == before)
  }

  @Test func `the metrics have the seconds of running and ended uploads`() {
    let start = ContinuousClock.now - .seconds(1000)
    let ledger = UploadLedger()
    for name in ["a", "b"] {
      let meter = UploadMeter(
        direction: .incoming,
        mode: .stream,
        name: name,
        size: 1,
        remote: "h:1",
        startedAt: start
      )
      ledger.begin(meter)
      if name == "b" { ledger.end(meter, .cancelled, at: start + .seconds(10)) }
    }
    let text = Metrics(ledger: ledger, slabs: SlabUse(used: 0, budget: 1), memory: ProcessMemory.current()).text
    #expect(text.contains("# UNIT sluice_upload_wait_seconds seconds\n"))
    let series = #"sluice_upload_wait_seconds_total{direction="incoming",cause="disk"} "#
    let line = text.split(separator: "\n").first { $0.hasPrefix(series) }
    #expect(line.flatMap { Double($0.dropFirst(series.count)) }.map { 1010..<1020 ~= $0 } == true)
  }
}
