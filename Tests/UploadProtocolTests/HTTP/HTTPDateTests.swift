import Testing

@testable import UploadProtocol

@Suite struct HTTPDateTests {
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
  func `all three forms of an HTTP date are read`(text: String, seconds: Int64) {
    #expect(HTTPDate.seconds(text, now: Self.now) == seconds)
  }

  @Test func `a year of two digits is read as the latest one at most 50 years ahead`() throws {
    let near = try #require(HTTPDate.seconds("Monday, 01-Jan-76 00:00:00 GMT", now: Self.now))
    let far = try #require(HTTPDate.seconds("Monday, 01-Jan-77 00:00:00 GMT", now: Self.now))
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
  func `text in none of the three forms, or with an impossible date, is not read as a date`(text: String) {
    #expect(HTTPDate.seconds(text, now: Self.now) == nil)
  }

  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
      (-1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"),
      (-86_400, "Wed, 31 Dec 1969 00:00:00 GMT", "1969-12-31T00:00:00Z"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"),
      (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT", "2000-02-29T23:59:59Z"),
      (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT", "2000-03-01T00:00:00Z"),
      (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00Z"),
      (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT", "2100-02-28T23:59:59Z"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"),
      (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19T03:14:08Z"),
      (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"),
      (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT", "0001-01-01T00:00:00Z"),
      (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT", "0000-01-01T00:00:00Z"),
      (-31_556_908_808, "Sun, 31 Dec 0969 23:59:52 GMT", "0969-12-31T23:59:52Z"),
    ] as [(Int64, String, String)]
  )
  func `a time is written as an IMF-fixdate for HTTP and as RFC 3339 describes for JSON`(
    seconds: Int64,
    http: String,
    internet: String
  ) {
    #expect(HTTPDate.text(seconds) == http)
    #expect(HTTPDate.internetText(seconds) == internet)
  }

  @Test func `a time outside the years 0 to 9999 is written as the nearest one within them`() {
    #expect(HTTPDate.text(.max) == HTTPDate.text(253_402_300_799))
    #expect(HTTPDate.text(253_402_300_800) == HTTPDate.text(253_402_300_799))
    #expect(HTTPDate.text(.min) == HTTPDate.text(-62_167_219_200))
  }

  @Test func `consecutive days have different dates and consecutive weekdays`() {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    var seen: Set<String> = []
    // From 1968 to 2104, over the leap years 1968, 2000 and 2104 and past 2100, which is none.
    for day in Int64(-731)..<49_100 {
      let text = HTTPDate.text(day * 86_400)
      #expect(text.hasPrefix(days[Int((day + 4 + 7_000) % 7)]))
      seen.insert(text)
    }
    #expect(seen.count == 49_831)
  }
}
