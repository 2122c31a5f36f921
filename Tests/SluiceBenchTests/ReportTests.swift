import Testing
import UploadReport

@testable import sluice_bench

@Suite struct ReportTests {
  private static let machine = Machine(cores: 2, processor: "Abacus", memory: 4 << 30, kernel: "6.1")

  private static var report: Report {
    var report = Report(
      labels: ["engine", "size"],
      columns: [Report.Column(title: "GB/s", key: "gigabytesPerSecond", digits: 2)],
      rows: [
        Report.Row(labels: ["sluice", "1 MiB"], numbers: [1.5]),
        Report.Row(labels: ["bare", "1 MiB"], numbers: [2]),
        Report.Row(labels: ["sluice", "2 MiB"], numbers: [3]),
        Report.Row(labels: ["bare", "2 MiB"], numbers: [nil]),
      ],
      notes: ["A note."]
    )
    report.addRatio(of: 0, to: "bare", Report.Column(title: "of bare", key: "ratioToBare", digits: 1))
    return report
  }

  @Test func `a ratio divides by the baseline's row with the same other labels`() {
    #expect(Self.report.rows.map { $0.numbers[1] } == [0.75, 1, nil, nil])
  }

  @Test func `a report is a Markdown table with a heading above and notes below`() {
    #expect(
      Self.report.markdown("disk", 5, Self.machine) == """
        disk, medians of 5; 2 cores (Abacus), 4.0 GiB, Linux 6.1

        | engine | size  | GB/s | of bare |
        | ------ | ----- | ---: | ------: |
        | sluice | 1 MiB | 1.50 |     0.8 |
        | bare   | 1 MiB | 2.00 |     1.0 |
        | sluice | 2 MiB | 3.00 |       - |
        | bare   | 2 MiB |    - |       - |

        A note.
        """
    )
  }

  @Test func `a report is one JSON object with its rows, and null for missing numbers`() {
    let text = Self.report.json("disk", 5, Self.machine).serialized
    #expect(text.hasPrefix(#"{"benchmark":"disk","rounds":5,"machine":{"cores":2,"processor":"Abacus","#))
    #expect(text.contains(#"{"engine":"sluice","size":"1 MiB","gigabytesPerSecond":1.5,"ratioToBare":0.75}"#))
    #expect(text.contains(#"{"engine":"bare","size":"2 MiB","gigabytesPerSecond":null,"ratioToBare":null}"#))
    #expect(text.hasSuffix(#""notes":["A note."]}"#))
  }

  @Test(arguments: [
    (0, 0, "0"), (0, 3, "0.000"), (1.005, 1, "1.0"), (0.05, 2, "0.05"), (-0.001, 2, "0.00"), (-1.26, 1, "-1.3"),
    (99.96, 1, "100.0"), (1234.5, 0, "1235"), (.infinity, 1, "-"), (.nan, 1, "-"), (1e300, 1, "-"),
  ])
  func `numbers are rounded; infinite, NaN and huge ones are dashes`(_ number: Double, digits: Int, text: String) {
    #expect(Report.text(number, digits: digits) == text)
  }
}
