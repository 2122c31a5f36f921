import Testing

@testable import UploadProtocol

@Suite struct HTTPDateParserTests {
  /// 2026-11-28 00:00:00 UTC.
  private static let now: Int64 = 1_795_824_000

  /// The examples of RFC 9110 section 5.6.7, and dates at the ends of months and years.
  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
      ("Sun Nov  6 08:49:37 1994", 784_111_777),
      ("Wed Nov 16 08:49:37 1994", 784_975_777),
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
      ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
      ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ] as [(String, Int64)]
  )
  func `the three forms are read`(text: String, seconds: Int64) {
    #expect(HTTPDateParser.seconds(text, now: Self.now) == seconds)
  }

  @Test func `a year of two digits is at most 50 years ahead`() throws {
    let near = try #require(HTTPDateParser.seconds("Monday, 01-Jan-76 00:00:00 GMT", now: Self.now))
    let far = try #require(HTTPDateParser.seconds("Monday, 01-Jan-77 00:00:00 GMT", now: Self.now))
    #expect(near == 3_345_062_400, "2076")
    #expect(far == 220_924_800, "1977")
  }

  @Test(arguments: [
    "", "nope", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
    "Thu, 29 Feb 2023 12:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
    "Sonntag, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun, 06 Nov +994 08:49:37 GMT",
    " Sun, 06 Nov 1994 08:49:37 GMT",
  ])
  func `anything else is no date`(text: String) {
    #expect(HTTPDateParser.seconds(text, now: Self.now) == nil)
  }
}
