import Testing

@testable import UploadCore

@Suite struct ByteSizeTests {
  @Test(
    arguments: [
      ("0", 0), ("512", 512), ("512B", 512), ("512 b", 512), ("007", 7),
      ("1KB", 1_000), ("1MB", 1_000_000), ("1GB", 1_000_000_000), ("1TB", 1_000_000_000_000),
      ("1K", 1 << 10), ("1KiB", 1 << 10), ("64KiB", 65_536), ("10M", 10 << 20), ("256MiB", 256 << 20),
      ("1G", 1 << 30), ("1GiB", 1 << 30), ("1TiB", 1 << 40), ("2t", 2 << 40), ("1gIb", 1 << 30),
      (" 64 KiB ", 65_536), ("\t1kb\n", 1_000),
    ] as [(String, UInt64)]
  )
  func `a number with a unit, or without one for bytes, is read as a size`(text: String, bytes: UInt64) throws {
    #expect(try ByteSize.parse(text) == bytes)
  }

  @Test(
    arguments: [
      ("1.9GB", 1_900_000_000), ("0.1GB", 100_000_000), ("4.35GB", 4_350_000_000), ("1.5KiB", 1_536),
      ("0.3B", 0), ("1.0005KB", 1_000), ("0.1KiB", 102), ("1.999999999999999999KB", 1_999),
      ("0.000000000001TB", 1), ("8.1TB", 8_100_000_000_000),
    ] as [(String, UInt64)]
  )
  func `a size with a fraction is read exactly, and part of a byte is dropped`(text: String, bytes: UInt64) throws {
    #expect(try ByteSize.parse(text) == bytes)
  }

  @Test func `the largest size that fits into 64 bits is read`() throws {
    #expect(try ByteSize.parse("18446744073709551615") == .max)
    #expect(try ByteSize.parse("16777215.999999TiB") <= .max)
  }

  @Test(arguments: [
    "", " ", "B", "KiB", ".", "..", "1.", ".5GB", "1.2.3", "1,5GB", "-1", "+1", "1e9", "0x10", "1 000", "1 0GB",
    "1XB", "1KBs", "1GB/s", "ten", "١GB", "1\u{0}GB", "NaN", "inf", "1.1234567890123456789GB",
    "18446744073709551616", "16777216TiB", "18446744073709551615.9TB", "99999999999999999999999999",
  ])
  func `a text that is no size, or does not fit into 64 bits, is rejected with examples`(text: String) {
    let error = #expect(throws: UploadError.self) { try ByteSize.parse(text) }
    #expect(error?.code == .badValue)
    #expect(error?.message.contains("Write for example") == true)
  }

  @Test(arguments: ["10", "0.5", " 512 ", "10/s", "0MB/s", "0", "", "MB/s", "10MB/m"])
  func `a rate that is 0, has no unit or cannot be read is rejected with examples`(text: String) {
    let error = #expect(throws: UploadError.self) { try ByteSize.parseRate(text) }
    #expect(error?.code == .badValue)
    #expect(error?.message.contains("Write for example 512KiB/s") == true)
  }

  @Test func `a rate without a unit is rejected with a message that says so, and one with a unit is read`() throws {
    let error = #expect(throws: UploadError.self) { try ByteSize.parseRate("10") }
    #expect(error?.message.hasPrefix("\"10\" has no unit.") == true)
    #expect(try ByteSize.parseRate("10B/s") == 10 && ByteSize.parseRate("10 kb") == 10_000)
  }

  @Test func `an error about a size repeats no control character of the text`() {
    let error = #expect(throws: UploadError.self) { try ByteSize.parse("\u{1B}[2J") }
    #expect(error?.message.contains("\u{1B}") == false)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1, "1 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (1_075, "1.0 KiB"),
      (1_048_524, "1023.9 KiB"), (1_048_525, "1.0 MiB"), (1_048_576, "1.0 MiB"), (3 << 20, "3.0 MiB"),
      (1_900_000_000, "1.8 GiB"), (1 << 40, "1.0 TiB"), (1 << 50, "1.0 PiB"), (1 << 60, "1.0 EiB"), (.max, "16.0 EiB"),
    ] as [(UInt64, String)]
  )
  func `a size is printed in 1,024s with one decimal, and below 1,024 in whole bytes`(bytes: UInt64, text: String) {
    #expect(ByteSize.text(bytes) == text)
  }

  @Test(
    arguments: [
      (0, "0 B/s"), (0.9, "0 B/s"), (100_873_011.2, "96.2 MiB/s"), (-5, "0 B/s"), (.nan, "0 B/s"),
      (.infinity, "0 B/s"), (-.infinity, "0 B/s"), (.greatestFiniteMagnitude, "888.2 PiB/s"),
    ] as [(Double, String)]
  )
  func `a rate is printed like a size, and a negative, infinite or invalid one as 0`(rate: Double, text: String) {
    #expect(ByteSize.rateText(rate) == text)
  }
}

@Suite struct SizeSettingTests {
  @Test(
    arguments: [
      ("1MB", 1_000_000, "1 MB"), ("1.9gb", 1_900_000_000, "1.9 GB"), (" 64 kib ", 65_536, "64 KiB"),
      ("10M", 10 << 20, "10 MiB"), ("512", 512, "512 B"), ("1000kb", 1_000_000, "1000 kB"), ("0", 0, "0 B"),
    ] as [(String, UInt64, String)]
  )
  func `a size is repeated in the unit it was written in`(text: String, bytes: UInt64, shown: String) throws {
    let size = try SizeSetting(parsing: text)
    #expect(size.bytes == bytes && size.description == shown)
    #expect(size == SizeSetting(bytes))
  }

  @Test(arguments: [("10MB/s", 10_000_000, "10 MB"), ("1.5KiB", 1_536, "1.5 KiB")] as [(String, UInt64, String)])
  func `a rate is repeated in the unit it was written in, without /s`(
    text: String,
    bytes: UInt64,
    shown: String
  ) throws {
    let rate = try SizeSetting(parsingRate: text)
    #expect(rate.bytes == bytes && rate.description == shown)
  }

  @Test(
    arguments: [
      (256 << 20, "256 MiB"), (1_000_000, "1 MB"), (1_500, "1500 B"), (0, "0 B"), (1 << 40, "1 TiB"),
      (.max, "18446744073709551615 B"),
    ] as [(UInt64, String)]
  )
  func `a size that no user wrote is shown exactly, in the largest unit that allows it`(bytes: UInt64, shown: String) {
    #expect(SizeSetting(bytes).description == shown)
  }
}
