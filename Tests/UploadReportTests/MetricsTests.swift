import Testing
import UploadCore
import UploadTestSupport

@testable import UploadReport

@Suite struct MetricsTests {
  private let memory = ProcessMemory(resident: 10, peak: 20)
  private let slabs = SlabUse(used: 1 << 20, budget: 1 << 28)
  private let pages = MappedPages(65_536)

  /// A ledger with two running uploads, one that failed and one that finished.
  private func ledger() -> UploadLedger {
    let ledger = UploadLedger()
    func begin(_ direction: UploadDirection, _ mode: UploadMode, _ bytes: Int) -> UploadMeter {
      let meter = UploadMeter(direction: direction, mode: mode, name: "a", size: nil, remote: "")
      ledger.begin(meter)
      meter.addReceived(bytes)
      return meter
    }
    let running = begin(.incoming, .raw, 5)
    running.phase = .peer
    running.add(pages.region)
    pages.touch(65_536)
    begin(.outgoing, .buffered, 7).phase = .finishing
    ledger.end(begin(.incoming, .stream, 100), .finished(FinishedUpload(path: "a", bytes: 90)))
    ledger.end(begin(.incoming, .stream, 1_000), .failed(UploadError(.clientGone, "Gone.")))
    for (size, outcome) in [(10, .finished), (20, .finished), (30, .aborted), (40, .running)]
      as [(UInt64, DownloadOutcome)]
    {
      let download = DownloadMeter(name: "a", remote: "", size: size)
      ledger.begin(download)
      download.setSent(size)
      if outcome != .running { ledger.end(download, outcome) }
    }
    return ledger
  }

  private func lines() -> [Substring] {
    Metrics(ledger: ledger(), slabs: slabs, memory: memory).text.split(separator: "\n")
  }

  @Test(arguments: [
    #"sluice_uploads_active{direction="incoming",mode="raw",state="receiving"} 1"#,
    #"sluice_uploads_active{direction="outgoing",mode="buffered",state="finishing"} 1"#,
    #"sluice_uploads_active{direction="incoming",mode="stream",state="stalled"} 0"#,
    #"sluice_uploads_started_total{direction="incoming"} 3"#,
    #"sluice_uploads_started_total{direction="outgoing"} 1"#,
    #"sluice_uploads_ended_total{direction="incoming",outcome="finished"} 1"#,
    #"sluice_uploads_ended_total{direction="incoming",outcome="failed"} 1"#,
    #"sluice_uploads_ended_total{direction="incoming",outcome="cancelled"} 0"#,
    #"sluice_transferred_bytes_total{direction="incoming"} 1105"#,
    #"sluice_transferred_bytes_total{direction="outgoing"} 7"#,
    #"sluice_finished_bytes_total{direction="incoming"} 90"#,
    #"sluice_uploads_resident_bytes{direction="incoming"} 65536"#,
    "sluice_downloads_active 1", #"sluice_downloads_total{outcome="finished"} 2"#,
    #"sluice_downloads_total{outcome="aborted"} 1"#, "sluice_download_bytes_total 60",
    "sluice_slab_bytes 1048576", "sluice_slab_budget_bytes 268435456",
    "process_resident_memory_bytes 10", "process_resident_memory_peak_bytes 20",
  ])
  func `the counts and memory of running and ended uploads are in their series`(line: String) {
    #expect(lines().contains(Substring(line)))
  }

  @Test func `interrupted and paused uploads have gauges of their own and are not counted as active`() {
    let ledger = UploadLedger()
    func begin(_ direction: UploadDirection) -> UploadMeter {
      let meter = UploadMeter(direction: direction, mode: .resumable, name: "a", size: nil, remote: "")
      ledger.begin(meter)
      return meter
    }
    let incoming = (0..<3).map { _ in begin(.incoming) }
    for meter in incoming { meter.phase = .peer }
    begin(.outgoing).phase = .userPause
    incoming[0].interrupt(expires: .now + .seconds(60))
    incoming[1].interrupt(expires: .now + .seconds(60))
    func lines() -> [Substring] { Metrics(ledger: ledger, slabs: slabs, memory: memory).text.split(separator: "\n") }
    let receiving = #"sluice_uploads_active{direction="incoming",mode="resumable",state="receiving"}"#
    #expect(lines().contains("sluice_uploads_interrupted 2") && lines().contains("sluice_uploads_paused 1"))
    #expect(lines().contains("\(receiving) 1"))
    #expect(lines().filter { $0.hasPrefix("sluice_uploads_active") && !$0.hasSuffix(" 0") }.count == 1)
    incoming[0].endInterruption()
    incoming[0].phase = .peer
    #expect(lines().contains("sluice_uploads_interrupted 1") && lines().contains("\(receiving) 2"))
  }

  @Test func `the text contains the end mark once at its end`() {
    let text = Metrics(ledger: UploadLedger(), slabs: slabs, memory: memory).text
    #expect(text.hasSuffix("\n# EOF\n"))
    #expect(text.split(separator: "\n").count { $0 == "# EOF" } == 1)
  }

  /// OpenMetrics 1.0.0: a family is described once, its samples follow without a gap, units are suffixes, counters end
  /// with `_total`.
  @Test func `each metric family is described once before its samples, and has the suffixes of OpenMetrics`() throws {
    var family = ""
    var kind = ""
    var seen: Set<String> = []
    var series: Set<Substring> = []
    for line in lines().dropLast() {
      if line.hasPrefix("# ") {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        if words[1] == "TYPE" {
          (family, kind) = (words[2], words[3])
          #expect(seen.insert(family).inserted)
        }
        #expect(words[2] == family)
        if words[1] == "UNIT" { #expect(family.hasSuffix("_" + words[3])) }
      } else {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(name == family + (kind == "counter" ? "_total" : ""))
        #expect(series.insert(line.prefix { $0 != " " }).inserted)
        let value = try #require(line.split(separator: " ").last)
        #expect(family.hasSuffix("_seconds") ? Double(value) != nil : UInt64(value) != nil)
      }
    }
    #expect(seen.count == 16)
  }

  @Test func `the series are the same with and without uploads`() {
    let none = Metrics(active: [], totals: [:], slabs: slabs, memory: memory).text.split(separator: "\n")
    let names = { (lines: [Substring]) in lines.map { $0.split(separator: " ")[0] } }
    #expect(names(none) == names(lines()))
  }

  @Test func `bytes of failed attempts are counted while the upload runs and after its end`() {
    let ledger = UploadLedger()
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: "a", size: nil, remote: "")
    ledger.begin(meter)
    let line = { (count: Int) in "\nsluice_transferred_bytes_total{direction=\"outgoing\"} \(count)\n" }
    let text = { Metrics(ledger: ledger, slabs: slabs, memory: memory).text }
    meter.addReceived(100)
    meter.pause(because: "The server has gone.", attempt: 2, until: .now)
    #expect(text().contains(line(100)))
    meter.beginAttempt()
    meter.addReceived(30)
    #expect(text().contains(line(130)))
    ledger.end(meter, .cancelled)
    #expect(text().contains(line(130)))
  }

  @Test func `negative sizes and byte counts over 64 bits do not trap`() {
    let upload = Metrics.Active(direction: .incoming, mode: .raw, state: .stalled, bytes: .max, residentBytes: .min)
    let metrics = Metrics(
      active: [upload, upload],
      totals: [:],
      slabs: SlabUse(used: -1, budget: -1),
      memory: memory
    )
    #expect(metrics.text.contains("sluice_slab_bytes 0\n"))
    #expect(metrics.text.contains("state=\"stalled\"} 2\n"))
  }
}
