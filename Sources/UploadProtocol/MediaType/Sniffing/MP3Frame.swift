/// The header of a frame of MPEG audio, layer III (MIME Sniffing, section 6.2.3).
///
/// Where the standard's text has slipped (an `and` for an `or`, a difference the wrong way round, the two tables of bit
/// rates exchanged) this does what it means: taken literally no MP3 would ever be one.
struct MP3Frame {
  private static let rates: [Int] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
  private static let lowRates: [Int] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
  private static let frequencies = [44_100, 48_000, 32_000]

  /// Bytes from this frame's beginning to the next one's.
  let length: Int

  init?(_ header: [UInt8], at offset: Int) {
    guard let word = header.number(4, at: offset, bigEndian: true), word >> 21 == 0x7FF else { return nil }
    let (version, layer) = (word >> 19 & 3, word >> 17 & 3)
    let (rate, frequency) = (word >> 12 & 15, word >> 10 & 3)
    guard layer == 1, version != 1, rate != 15, frequency != 3 else { return nil }
    let isFirstVersion = version == 3
    let bitsPerSecond = (isFirstVersion ? Self.rates : Self.lowRates)[rate] * 1000
    // Version 2 halves the frequency, version 2.5 once more.
    let samplesPerSecond = Self.frequencies[frequency] >> (isFirstVersion ? 0 : version == 2 ? 1 : 2)
    length = bitsPerSecond * (isFirstVersion ? 144 : 72) / samplesPerSecond + (word >> 9 & 1)
  }

  /// Whether a file begins with a frame and another one behind it.
  static func beginsTwo(_ header: [UInt8]) -> Bool {
    guard let first = MP3Frame(header, at: 0), first.length >= 4 else { return false }
    return MP3Frame(header, at: first.length) != nil
  }
}
