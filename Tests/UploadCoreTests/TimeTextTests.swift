import Testing

@testable import UploadCore

@Suite struct TimeTextTests {
  @Test(
    arguments: [
      ("30s", .seconds(30)), ("30", .seconds(30)), ("500ms", .milliseconds(500)), ("2m", .seconds(120)),
      ("2min", .seconds(120)), ("1.5h", .seconds(5_400)), ("7d", .seconds(604_800)), ("0s", .zero),
      ("0.25", .milliseconds(250)),
      (" 5 S ", .seconds(5)), ("365d", .seconds(31_536_000)),
    ] as [(String, Duration)]
  )
  func `a number with a unit, or without one for seconds, is read as a time`(text: String, span: Duration) throws {
    #expect(try TimeText.parse(text) == span)
  }

  @Test func `whole milliseconds are read exactly`() throws {
    for milliseconds in 0..<2_000 {
      #expect(try TimeText.parse("\(milliseconds)ms") == .milliseconds(milliseconds))
    }
  }

  @Test(arguments: [
    "", "s", "-1s", "+1s", "1e3s", "nan", "inf", "1.2.3s", "1 0s", "5x", "366d", "99999999999999999999h", ".", "0x5s",
  ])
  func `a text that is no time, or is over 365 days, is rejected with examples`(text: String) {
    let error = #expect(throws: UploadError.self) { try TimeText.parse(text) }
    #expect(error?.code == .badValue)
    #expect(error?.message.contains("Write for example") == true)
  }

  @Test(
    arguments: [
      (0, "0:00"), (0.99, "0:00"), (5, "0:05"), (59.9, "0:59"), (65, "1:05"), (3_599, "59:59"), (3_600, "1:00:00"),
      (7_384, "2:03:04"), (-1, "0:00"), (.nan, "0:00"), (.infinity, "0:00"), (1e300, "8760:00:00"),
    ] as [(Double, String)]
  )
  func `a time is shown as minutes and whole seconds, with hours where there are any`(seconds: Double, text: String) {
    #expect(TimeText.clock(seconds) == text)
  }

  @Test func `a duration is converted to seconds with their fraction`() {
    #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    #expect(Duration.seconds(-2).inSeconds == -2)
    #expect(Duration.zero.inSeconds == 0)
  }

  @Test(
    arguments: [
      (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7_199, "119 min"), (7_200, "2 h"), (84_000, "23 h"),
      (172_799, "47 h"),
      (172_800, "2 d"), (1e300, "365 d"), (-5, "0 s"), (.nan, "0 s"), (.infinity, "0 s"),
    ] as [(Double, String)]
  )
  func `a rough time has one unit, rounded down`(seconds: Double, text: String) {
    #expect(TimeText.rough(seconds) == text)
  }
}
