import Foundation
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadTrials

@Suite struct MemoryChartTests {
  private func comparison(_ name: String) -> Comparison {
    var comparison = Comparison(name: name, size: 1 << 20, runs: 1, maxMemory: SizeSetting(1 << 20))
    for (index, status) in [TrialStatus.intact, .intact, .outOfMemory].enumerated() {
      var memory = MemorySeries()
      for step in 0..<50 { memory.add(UInt64(step * (index + 1)) << 16, at: Double(step) / 20) }
      comparison.end(index, TrialResult(status: status, seconds: 2.5, clientPeak: memory.peak, memory: memory))
    }
    return comparison
  }

  @Test(arguments: ["a.bin", "<&\"'>]]> --", "写真.jpg"])
  func `the chart is well-formed XML for any file name`(name: String) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.file("chart.svg")
      try MemoryChart(comparison: comparison(name)).write(to: path)
      let script = #"""
        import sys, xml.etree.ElementTree as tree
        root = tree.parse(sys.argv[1]).getroot(); ns = "{http://www.w3.org/2000/svg}"
        print(root.tag == ns + "svg", len(root.findall(ns + "polyline")), sys.argv[2] in root.find(ns + "text").text)
        """#
      let ended = try await ProcessRunner.run("python3", ["-I", "-c", script, path, name])
      #expect(ended.output == "True 3 True\n", "\(ended)")
      #expect(try directory.names() == ["chart.svg"])
    }
  }

  @Test func `the chart has a legend for every client and colours for light and dark`() {
    let text = MemoryChart(comparison: comparison("a.bin")).text
    for client in CompareClient.all { #expect(text.contains(">\(client.name)</text>")) }
    #expect(text.contains("prefers-color-scheme: dark"))
    #expect(text.contains(">out of memory</text>") && text.contains(">--max-memory 1 MiB</text>"))
  }

  @Test func `a chart without measurements is a complete document`() {
    let empty = Comparison(name: "a", size: 0, runs: 1, maxMemory: nil)
    #expect(MemoryChart(comparison: empty).text.hasSuffix("</svg>\n"))
  }

  @Test func `a peak of the largest 64-bit number of bytes gives an axis up to 16 EiB`() {
    var comparison = comparison("a.bin")
    var memory = MemorySeries()
    memory.add(.max, at: 1)
    comparison.end(3, TrialResult(status: .failed, clientPeak: .max, memory: memory))
    #expect(MemoryChart(comparison: comparison).text.contains(">16 EiB</text>"))
  }

  @Test func `checking a chart's path rejects a missing directory, and leaves no file`() async throws {
    try await withTemporaryDirectory { directory in
      #expect(throws: (any Error).self) { try MemoryChart.check(directory.file("missing/a.svg")) }
      try MemoryChart.check(directory.file("a.svg"))
      #expect(try directory.names() == [])
    }
  }

  @Test(
    arguments: [
      (1, 1, 1), (6, 1, 6), (7, 2, 8), (104_857_600, 33_554_432, 134_217_728),
      (1_992_294_400, 536_870_912, 2_147_483_648),
    ] as [(UInt64, Double, Double)]
  )
  func `memory marks are a power of two apart, and reach the largest value`(largest: UInt64, step: Double, top: Double)
  {
    let scale = AxisScale.bytes(upTo: largest)
    #expect(scale.step == step && scale.top == top && scale.marks.last == top && scale.marks.first == 0)
  }

  @Test(
    arguments: [(0.0, 0.01), (0.9, 0.1), (1.1, 0.2), (4.2, 0.5), (9, 1), (61, 10), (3600, 500), (.infinity, 0.01)]
      as [(Double, Double)]
  )
  func `time marks are 1, 2 or 5 times a power of ten apart, and at most eleven`(largest: Double, step: Double) {
    let scale = AxisScale.seconds(upTo: largest)
    #expect(abs(scale.step - step) < step / 1000, "\(scale)")
    #expect(scale.marks.count <= 11)
  }

  @Test func `numbers and sizes in a chart have no trailing zeros`() {
    #expect(
      [0, 1, 1.5, 1.25, 1.05, -2.5, 1e12].map(SVGText.number) == [
        "0", "1", "1.5", "1.25", "1.05", "-2.5", "1000000000",
      ]
    )
    #expect(
      [512, 1536, 512 * 1_048_576, 2_147_483_648].map(SVGText.bytes) == ["512 B", "1.5 KiB", "512 MiB", "2 GiB"]
    )
  }
}
