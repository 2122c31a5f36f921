import Testing

@testable import UploadCore

@Suite struct SizeSettingTests {
  @Test(
    arguments: [
      ("1MB", 1_000_000, "1 MB"), ("1.9gb", 1_900_000_000, "1.9 GB"), (" 64 kib ", 65_536, "64 KiB"),
      ("10M", 10 << 20, "10 MiB"), ("512", 512, "512 B"), ("1000kb", 1_000_000, "1000 KB"), ("0", 0, "0 B"),
    ] as [(String, UInt64, String)]
  )
  func `a size is repeated in the unit it was written in`(text: String, bytes: UInt64, shown: String) throws {
    let size = try SizeSetting(parsing: text)
    #expect(size.bytes == bytes && size.description == shown)
    #expect(size == SizeSetting(bytes))
  }

  @Test(arguments: [("10MB/s", 10_000_000, "10 MB"), ("1.5KiB", 1_536, "1.5 KiB")] as [(String, UInt64, String)])
  func `a rate is repeated in the unit it was written in`(text: String, bytes: UInt64, shown: String) throws {
    let rate = try SizeSetting(parsingRate: text)
    #expect(rate.bytes == bytes && rate.description == shown)
  }

  @Test(
    arguments: [
      (256 << 20, "256 MiB"), (1_000_000, "1 MB"), (1_500, "1500 B"), (0, "0 B"), (1 << 40, "1 TiB"),
      (.max, "18446744073709551615 B"),
    ] as [(UInt64, String)]
  )
  func `a size that no user wrote is exact`(bytes: UInt64, shown: String) {
    #expect(SizeSetting(bytes).description == shown)
  }
}
