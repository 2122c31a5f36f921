import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

@Suite struct FooterTests {
  private func footer(_ width: Int, _ change: (inout Driver) -> Void) -> String {
    var driver = Driver(Size(width: width, height: 24))
    driver.show([])
    change(&driver)
    return driver.row(23)
  }

  @Test(arguments: [60, 80, 100, 200])
  func `a new note is shown completely beside the hints for upload and quit at any width from 60`(width: Int) {
    let text = footer(width) { $0.send(.note(.warning, "The disk is nearly full.")) }
    #expect(text.contains("warning The disk is nearly full."), "\(text)")
    #expect(text.contains("u upload") && text.contains("q quit"), "\(text)")
  }

  @Test func `a new note too long for the footer is truncated and leaves the first hint and the last two`() {
    let text = footer(80) { $0.send(.note(.error, String(repeating: "long ", count: 50))) }
    #expect(text.contains("error long long") && text.contains("…"), "\(text)")
    #expect(text.contains("u upload") && text.contains("? help") && text.contains("q quit"), "\(text)")
  }

  @Test func `ten seconds after a note the footer shows the hint for freeze in its place`() {
    let text = footer(80) { driver in
      driver.send(.note(.warning, "The disk is nearly full."))
      for _ in 0..<20 { driver.show([]) }
    }
    #expect(text.contains("f freeze") && !text.contains("nearly full"), "\(text)")
  }

  @Test func `the end of an upload is shown in the footer beside the hints for freeze and filter`() {
    let text = footer(120) { $0.show([UploadSnapshot.example().finished()]) }
    #expect(text.contains("stored ↓ a.bin") && text.contains("f freeze") && text.contains("/ filter"), "\(text)")
  }

  @Test func `the note on the refresh rate says 1 snapshot but 2 snapshots`() {
    let text = footer(120) { $0.type("----") }
    #expect(text.contains("1 snapshot a second"), "\(text)")
    #expect(footer(120) { $0.type("-") }.contains("2 snapshots a second"))
  }
}

@Suite struct PeakTests {
  @Test func `the detail and its graphs show the same peaks of rate and memory`() throws {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example()
    // Between two values of the graph the rate was higher than in both.
    for step in 0..<600 {
      driver.show([upload.changed { $0.speed = step % 7 == 3 ? 400_000_000 : 50_000_000 }])
    }
    driver.press(.enter)
    let text = driver.text.split(separator: "\n").dropFirst(2).joined(separator: "\n")
    let peaks = text.matches(of: /peak +([0-9.]+ [KMG]iB)/).map { String($0.1) }
    #expect(peaks.count == 4, "\(driver.text)")
    #expect(Set(peaks) == ["381.5 MiB", "4.0 MiB"], "rate and memory, each in the facts and over its graph")
  }

  @Test func `the axes of the graphs are not below the peaks that are stated above them`() throws {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example().changed { ($0.residentBytes, $0.peakResidentBytes) = (1 << 20, 4 << 20) }
    for step in 0..<600 {
      driver.show([upload.changed { $0.speed = step % 7 == 3 ? 400_000_000 : 50_000_000 }])
    }
    driver.press(.enter)
    #expect(driver.text.contains(#/400 MiB/s *│/#) && driver.text.contains(#/ 4 MiB *│/#), "\(driver.text)")
  }

  @Test func `the row of an upload has the same peak as its detail`() {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example()
    for speed in [5e7, 4e8, 9e7, 1e7] { driver.show([upload.changed { $0.speed = speed }]) }
    let peaks = driver.text.matches(of: /peak +([0-9.]+ MiB\/s)/).map { String($0.1) }
    #expect(peaks == ["381.5 MiB/s", "381.5 MiB/s", "381.5 MiB/s"], "row, facts and graph: \(driver.text)")
  }

  @Test func `the detail of a stalled upload shows a rate of 0 B/s`() {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example()
    driver.show([upload])
    driver.show([upload.stalled(.client, 6).changed { $0.speed = 0 }])
    driver.press(.enter)
    #expect(driver.text.contains("rate     0 B/s"), "\(driver.text)")
  }
}
