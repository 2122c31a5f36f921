import Testing
import UploadCore

@testable import UploadReport

@Suite struct UploadSummaryTests {
  private func entry(_ name: String = "a.bin", _ verdict: UploadVerdict = .intact, server: Int? = 1 << 20)
    -> UploadSummary.Entry
  {
    UploadSummary.Entry(
      id: UploadID(),
      mode: .stream,
      name: name,
      bytes: 1 << 30,
      seconds: 10,
      clientPeakResidentBytes: 65_536,
      serverPeakResidentBytes: server,
      verdict: verdict
    )
  }

  @Test func `the summary event has every upload with its speed and result`() {
    let upload = entry()
    let summary = UploadSummary(uploads: [upload], peakResidentBytes: 9)
    #expect(
      UploadEvent.summary(summary).json.serialized
        == #"{"event":"summary","ok":true,"uploads":[{"id":"\#(upload.id)","mode":"stream","name":"a.bin","#
        + #""bytes":1073741824,"seconds":10.0,"speedAvg":107374182,"clientPeakResidentBytes":65536,"#
        + #""serverPeakResidentBytes":1048576,"detectedType":null,"sha256":null,"verdict":"intact"}],"rssPeak":9}"#
    )
  }

  @Test func `the memory of a server in another process is null`() {
    let summary = UploadSummary(uploads: [entry(server: nil)], peakResidentBytes: 9)
    #expect(summary.json.serialized.contains(#""serverPeakResidentBytes":null"#))
  }

  @Test(arguments: UploadVerdict.allCases)
  func `one unsuccessful upload makes the summary unsuccessful`(verdict: UploadVerdict) {
    let summary = UploadSummary(uploads: [entry(), entry("b", verdict)], peakResidentBytes: 9)
    #expect(summary.isGood == [.intact, .verified, .accepted].contains(verdict))
    #expect(summary.json.serialized.contains(#""ok":\#(summary.isGood)"#))
  }

  @Test func `an upload of 0 s has speed 0`() {
    var upload = entry()
    upload.seconds = 0
    #expect(upload.averageSpeed == 0)
  }

  @Test func `the columns of the table are aligned`() {
    var small = entry("写真.jpg", .mismatch, server: nil)
    (small.mode, small.bytes, small.seconds) = (.multipart, 5, 0.5)
    let table = UploadSummary(uploads: [entry(), small], peakResidentBytes: 3 << 20).table
    #expect(
      table == """
        name      mode          size  time        speed  client peak  server peak  verdict
        a.bin     stream     1.0 GiB  0:10  102.4 MiB/s     64.0 KiB      1.0 MiB  intact
        写真.jpg  multipart      5 B  0:00       10 B/s     64.0 KiB            -  mismatch
        2 uploads, 1 unsuccessful, peak memory of the process 3.0 MiB
        """
    )
  }

  @Test func `a table without uploads has headings and a sentence`() {
    let summary = UploadSummary(uploads: [], peakResidentBytes: 0)
    #expect(summary.table.split(separator: "\n").count == 2)
    #expect(UploadEvent.summary(summary).plainLine() == "0 uploads, all successful, peak memory of the process 0 B")
  }

  @Test func `a long name with controls is made safe and truncated in the table`() {
    let summary = UploadSummary(
      uploads: [entry("\u{1B}[2J\n" + String(repeating: "x", count: 500))],
      peakResidentBytes: 0
    )
    #expect(summary.table.split(separator: "\n").count == 3)
    #expect(!summary.table.contains("\u{1B}"))
    #expect(summary.table.split(separator: "\n").allSatisfy { $0.count < 140 })
  }
}
