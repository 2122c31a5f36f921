import Testing

@testable import UploadServer

@Suite struct ByteRangeTests {
  @Test(arguments: [
    // The examples of RFC 9110 section 14.1.2, for a file of 10,000 bytes.
    ("bytes=0-499", .part(0..<500)), ("bytes=500-999", .part(500..<1000)), ("bytes=-500", .part(9500..<10_000)),
    ("bytes=9500-", .part(9500..<10_000)), ("bytes=0-0", .part(0..<1)), ("bytes=-1", .part(9999..<10_000)),
    // The end of a range may be beyond the end of the file, its beginning may not.
    ("bytes=9999-20000", .part(9999..<10_000)), ("bytes=10000-", .unsatisfiable), ("bytes=10000-10001", .unsatisfiable),
    ("bytes=-20000", .part(0..<10_000)), ("bytes=-0", .unsatisfiable), ("bytes=0-", .part(0..<10_000)),
    // Numbers at and above the limit of 64 bits.
    ("bytes=0-18446744073709551615", .part(0..<10_000)), ("bytes=18446744073709551615-", .unsatisfiable),
    ("bytes=0-99999999999999999999999", .part(0..<10_000)), ("bytes=99999999999999999999999-", .unsatisfiable),
    ("bytes=99999999999999999999999-99999999999999999999999", .unsatisfiable),
    ("bytes=-99999999999999999999999", .part(0..<10_000)),
    ("bytes=18446744073709551615-18446744073709551615", .unsatisfiable),
    // Spelling.
    ("Bytes=0-1", .part(0..<2)), ("bytes= 0 - 1 ", .part(0..<2)), ("bytes=000-001", .part(0..<2)),
    // These may be ignored, and are.
    ("bytes=5-4", .whole), ("bytes=0-1,5-6", .whole), ("bytes=", .whole), ("bytes", .whole), ("", .whole),
    ("=", .whole),
    ("items=0-1", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=1", .whole), ("bytes=--1", .whole),
    ("bytes=0--1", .whole), ("bytes=+0-1", .whole), ("bytes=0x0-1", .whole), ("bytes=٠-١", .whole),
    ("bytes=0-1-2", .whole),
    ("bytes =0-1", ByteRange.whole),
  ])
  func `a single range gives its bytes within the file, or is unsatisfiable without any; all others are ignored`(
    field: String,
    expected: ByteRange
  ) {
    #expect(ByteRange(field: field, size: 10_000) == expected)
  }

  @Test func `without a Range field the whole file is requested`() {
    #expect(ByteRange(field: nil, size: 0) == .whole)
    #expect(ByteRange(field: nil, size: 5) == .whole)
  }

  @Test(arguments: ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-6"])
  func `every range of an empty file is unsatisfiable`(field: String) {
    #expect(ByteRange(field: field, size: 0) == .unsatisfiable)
  }

  @Test func `ranges of the largest possible file do not overflow`() {
    #expect(ByteRange(field: "bytes=0-", size: .max) == .part(0..<UInt64.max))
    #expect(ByteRange(field: "bytes=-1", size: .max) == .part(UInt64.max - 1..<UInt64.max))
    #expect(ByteRange(field: "bytes=18446744073709551614-", size: .max) == .part(UInt64.max - 1..<UInt64.max))
  }
}
