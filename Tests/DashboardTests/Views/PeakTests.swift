import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

@Suite struct PeakTests {
  @Test func `the detail and its graphs show one peak`() throws {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example()
    // Between two values of the graph the rate was higher than in both.
    for step in 0..<600 {
      driver.show([upload.changed { $0.speed = step % 7 == 3 ? 400_000_000 : 50_000_000 }])
    }
    driver.press(.enter)
    let peaks = driver.text.matches(of: /peak +([0-9.]+ [KMG]iB)/).map { String($0.1) }
    #expect(peaks.count == 4, "\(driver.text)")
    #expect(Set(peaks) == ["381.5 MiB", "4.0 MiB"], "rate and memory, each in the facts and over its graph")
  }

  @Test func `a stalled upload shows no rate`() {
    var driver = Driver(Size(width: 160, height: 50))
    let upload = UploadSnapshot.example()
    driver.show([upload])
    driver.show([upload.stalled(.client, 6).changed { $0.speed = 0 }])
    driver.press(.enter)
    #expect(driver.text.contains("rate     0 B/s"), "\(driver.text)")
  }
}
