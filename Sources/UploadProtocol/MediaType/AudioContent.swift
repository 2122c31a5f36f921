/// The header of a frame of MPEG audio (ISO/IEC 11172-3 section 2.4.1.3, ISO/IEC 13818-3; MIME Sniffing, section 6.2.3):
/// versions 1, 2 and 2.5, layers I to III.
///
/// The standard's algorithm knows layer III alone, and where its text has slipped (an `and` for an `or`, a difference
/// the wrong way round, the two tables of bit rates exchanged) this does what it means: taken literally no MP3 would
/// ever be one.
struct MPEGAudioFrame {
  /// Bytes from this frame's beginning to the next one's.
  let length: Int
  /// What does not change within a file: version, layer and sampling frequency.
  private let kind: Int

  /// Nil where no frame begins; one of free format, whose length is not stated, counts as none.
  init?(_ header: [UInt8], at offset: Int) {
    guard let word = header.number(4, at: offset, bigEndian: true), word >> 21 == 0x7FF else { return nil }
    let (rate, frequency) = (word >> 12 & 15, word >> 10 & 3)
    guard let layer = Layer(rawValue: word >> 17 & 3), let version = Version(rawValue: word >> 19 & 3),
      rate > 0, rate < 15, frequency < 3
    else { return nil }
    let samplesPerSecond = [44_100, 48_000, 32_000][frequency] >> version.halvings
    let kilobitsPerSecond = layer.rates(version)[rate - 1]
    let padding = word >> 9 & 1
    switch layer {
    case .first: length = (12_000 * kilobitsPerSecond / samplesPerSecond + padding) * 4
    case .second: length = 144_000 * kilobitsPerSecond / samplesPerSecond + padding
    case .third: length = (version == .one ? 144_000 : 72_000) * kilobitsPerSecond / samplesPerSecond + padding
    }
    kind = word & 0x1E_0C00
  }

  /// The longest frame there is: version 2.5, layer II, 160 kbit/s, 8 kHz, padded.
  static let longest = 2881

  /// Whether a file begins with a frame and another one of that kind behind it; nil where the bytes end before that.
  static func beginsTwo(_ header: [UInt8]) -> Bool? {
    guard let first = MPEGAudioFrame(header, at: 0) else { return false }
    guard first.length + 4 <= header.count else { return nil }
    return MPEGAudioFrame(header, at: first.length)?.kind == first.kind
  }

  private enum Version: Int {
    case twoAndAHalf = 0
    case two = 2
    case one = 3

    /// Version 2 halves the sampling frequency, version 2.5 once more.
    var halvings: Int {
      switch self {
      case .one: 0
      case .two: 1
      case .twoAndAHalf: 2
      }
    }
  }

  private enum Layer: Int {
    case third = 1
    case second = 2
    case first = 3

    /// Bit rates 1 to 14, in kbit/s.
    func rates(_ version: Version) -> [Int] {
      switch (self, version) {
      case (.first, .one): [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448]
      case (.second, .one): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
      case (.third, .one): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
      case (.first, .two), (.first, .twoAndAHalf): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256]
      case (.second, .two), (.second, .twoAndAHalf), (.third, .two), (.third, .twoAndAHalf):
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
      }
    }
  }
}

/// The header of a frame of AAC with its length in it (ADTS, ISO/IEC 13818-7 section 6.2).
struct ADTSFrame {
  /// Bytes from this frame's beginning to the next one's, the header included.
  let length: Int

  init?(_ header: [UInt8], at offset: Int) {
    guard let word = header.number(4, at: offset, bigEndian: true), word >> 16 & 0xFFF6 == 0xFFF0,
      // Sampling frequencies 13 to 15 are reserved or forbidden.
      word >> 10 & 15 < 13, let fields = header.number(3, at: offset + 3, bigEndian: true)
    else { return nil }
    length = fields >> 5 & 0x1FFF
    guard length >= 7 else { return nil }
  }

  /// Whether a file is a frame, or begins with one and another one behind it; nil where the bytes end before that.
  static func beginsTwo(_ header: [UInt8]) -> Bool? {
    guard let first = ADTSFrame(header, at: 0) else { return false }
    if first.length == header.count { return true }
    guard first.length + 6 <= header.count else { return nil }
    return ADTSFrame(header, at: first.length) != nil
  }
}

/// What comes behind an ID3v2 tag (id3.org, ID3v2.4 section 3.1): the standard takes every file with a tag for MP3, but
/// FLAC, AAC and others are tagged as well.
///
/// A machine that is fed the file from its first byte, cut anywhere. A tag with pictures is megabytes long; it is
/// passed over, not kept.
struct TaggedAudio: Sendable, Equatable {
  static let mp3 = "audio/mpeg"

  private static let headerLength = 10
  /// What tells the format behind the tag, in bytes.
  private static let beginningLength = 6

  private var header: [UInt8] = []
  private var beginning: [UInt8] = []
  /// What is left of the tag; nil before its header is complete.
  private var left: Int?

  /// The type; nil while the bytes that tell it have not come.
  private(set) var type: String?

  /// Bytes that come next and do not matter.
  var skippableBytes: Int { left ?? 0 }

  /// Takes the next bytes of the file.
  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    if left == nil {
      let part = rest.prefix(Self.headerLength - header.count)
      header += part
      rest = rest.dropFirst(part.count)
      left = Self.lengthBehind(header)
    }
    guard let left, type == nil else { return }
    let skipped = min(left, rest.count)
    skip(skipped)
    beginning += rest.dropFirst(skipped).prefix(Self.beginningLength - beginning.count)
    if beginning.count == Self.beginningLength { type = Self.type(beginning) }
  }

  /// Passes over bytes of the tag, at most ``skippableBytes``.
  mutating func skip(_ count: Int) {
    left = left.map { $0 - count }
  }

  /// The file ends here.
  mutating func finish() -> String {
    type ?? Self.type(beginning)
  }

  /// Bytes of the tag behind its header: four times seven bits, and ten for a footer.
  private static func lengthBehind(_ header: [UInt8]) -> Int? {
    guard header.count == headerLength else { return nil }
    let size = header[6...].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
    return size + (header[5] & 0x10 == 0 ? 0 : 10)
  }

  private static func type(_ beginning: [UInt8]) -> String {
    if beginning.has("fLaC", at: 0) { return "audio/flac" }
    if beginning.has("wvpk", at: 0) { return "audio/x-wavpack" }
    if beginning.has("MAC ", at: 0) { return "audio/x-ape" }
    return ADTSFrame(beginning, at: 0) == nil ? mp3 : "audio/aac"
  }
}
