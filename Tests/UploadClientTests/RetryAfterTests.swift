import Testing

@testable import UploadClient

@Suite struct RetryAfterTests {
  /// Sun, 06 Nov 1994 08:49:37 GMT
  private let now: Int64 = 784_111_777

  @Test(arguments: [("0", 0), ("7", 7), ("  120 ", 120), ("00012", 12), ("99999999999999999999", 31_536_000)])
  func `a number is that many seconds, at most a year`(text: String, seconds: Int64) {
    #expect(RetryAfter.duration(text, now: now) == .seconds(seconds))
  }

  @Test func `a date is the time until then: zero in the past, at most a year`() {
    #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .zero)
    #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:37 GMT", now: now) == .seconds(60))
    #expect(RetryAfter.duration("Sat, 05 Nov 1994 08:50:37 GMT", now: now) == .zero)
    #expect(RetryAfter.duration("Sun, 06 Nov 2094 08:49:37 GMT", now: now) == .seconds(31_536_000))
    #expect(RetryAfter.duration("\tSun, 06 Nov 1994 08:50:37 GMT ", now: now) == .seconds(60))
  }

  @Test(arguments: ["Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"])
  func `an obsolete form of a date is accepted`(text: String) {
    #expect(RetryAfter.duration(text, now: now) == .seconds(60))
  }

  @Test(arguments: ["", " ", "-1", "+5", "1.5", "soon", "1 2", "Sun, 06 Foo 1994 08:49:37 GMT", "٣"])
  func `any other value gives nil`(text: String) {
    #expect(RetryAfter.duration(text, now: now) == nil)
  }
}
