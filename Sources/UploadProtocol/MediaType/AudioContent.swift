/// The header of a frame of MPEG audio (ISO/IEC 11172-3 section 2.4.1.3, ISO/IEC 13818-3; MIME Sniffing, section
/// 6.2.3): versions 1, 2 and 2.5, layers I to III.
///
/// The standard's algorithm knows layer III alone. Where its text is in error (an `and` for an `or`, a difference with
/// its operands exchanged, the two tables of bit rates exchanged) this does what it means: taken literally, no file
/// would ever be MP3.
struct MPEGAudioFrame {
  /// Bytes from the beginning of this frame to that of the next: 24 to 2,881.
  let length: Int
  /// The bits of the header that are the same in all frames of a file: version, layer and sampling frequency.
  private let kind: Int

  /// Bit rates 1 to 14 of version 1 in kbit/s, for layers III, II and I.
  private static let ratesOfVersion1 = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  ]
  /// Bit rates 1 to 14 of versions 2 and 2.5 in kbit/s, for layers III, II and I.
  private static let ratesOfVersion2 = [
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  ]

  /// Reads the header of a frame.
  /// - Parameters:
  ///   - header: the first bytes of a file.
  ///   - offset: where the frame begins in them.
  /// - Returns: nil where no frame begins or fewer than four bytes are there. A frame of free format, whose header does
  ///   not state its length, is not recognized.
  init?(_ header: [UInt8], at offset: Int) {
    guard let bits = header.number(4, at: offset), bits >> 21 == 0x7FF else { return nil }
    // The values 0 to 3 of the version are 2.5, reserved, 2 and 1; those of the layer are reserved, III, II and I.
    let (version, layer) = (bits >> 19 & 3, bits >> 17 & 3)
    let (rate, frequency, padding) = (bits >> 12 & 15, bits >> 10 & 3, bits >> 9 & 1)
    guard version != 1, layer != 0, rate > 0, rate < 15, frequency < 3 else { return nil }
    let isVersion1 = version == 3
    // Version 2 halves the sampling frequency, version 2.5 once more.
    let halvings = [2, 0, 1, 0][version]
    let samplesPerSecond = [44_100, 48_000, 32_000][frequency] >> halvings
    let kilobitsPerSecond = (isVersion1 ? Self.ratesOfVersion1 : Self.ratesOfVersion2)[layer - 1][rate - 1]
    if layer == 3 {
      length = (12_000 * kilobitsPerSecond / samplesPerSecond + padding) * 4
    } else {
      let isShort = layer == 1 && !isVersion1
      length = (isShort ? 72_000 : 144_000) * kilobitsPerSecond / samplesPerSecond + padding
    }
    kind = bits & 0x1E_0C00
  }

  /// Whether a file that begins with `header` begins with two frames of the same version, layer and sampling frequency;
  /// nil where the first is there, and the bytes end before the second one's header is complete.
  static func beginsTwo(_ header: [UInt8]) -> Bool? {
    guard let first = MPEGAudioFrame(header, at: 0) else { return false }
    guard first.length + 4 <= header.count else { return nil }
    return MPEGAudioFrame(header, at: first.length)?.kind == first.kind
  }
}

/// The header of an AAC frame in an audio data transport stream (ADTS, ISO/IEC 13818-7 section 6.2).
struct ADTSFrame {
  /// Bytes from the beginning of this frame to that of the next: 7 to 8,191.
  let length: Int

  /// Reads the header of a frame.
  /// - Parameters:
  ///   - header: the first bytes of a file.
  ///   - offset: where the frame begins in them.
  /// - Returns: nil where no frame begins or fewer than six bytes are there.
  init?(_ header: [UInt8], at offset: Int) {
    guard let bits = header.number(4, at: offset), bits >> 16 & 0xFFF6 == 0xFFF0,
      // Sampling frequencies 13 to 15 are reserved or forbidden.
      bits >> 10 & 15 < 13, let fields = header.number(3, at: offset + 3)
    else { return nil }
    length = fields >> 5 & 0x1FFF
    guard length >= 7 else { return nil }
  }

  /// Whether `header` is exactly one frame or begins with two; nil where the header of the first is there, and the
  /// bytes end before the second one's is complete.
  static func beginsTwo(_ header: [UInt8]) -> Bool? {
    guard let first = ADTSFrame(header, at: 0) else { return false }
    if first.length == header.count { return true }
    guard first.length + 6 <= header.count else { return nil }
    return ADTSFrame(header, at: first.length) != nil
  }
}

/// Finds the format of an audio file behind its ID3v2 tag (id3.org, ID3v2.4 section 3.1): the standard says MP3 for
/// every file with a tag, but FLAC, AAC and others have tags as well.
///
/// A state machine that is given the file from its first byte, in chunks of any size. A tag with cover art has
/// megabytes; they are skipped, not retained.
struct TaggedAudio: Sendable, Equatable {
  private static let headerLength = 10
  /// How many bytes behind the tag identify the format.
  private static let beginningLength = 6

  private var header: [UInt8] = []
  private var beginning: [UInt8] = []
  /// Bytes of the tag that are still to come; nil before its header is complete.
  private var remaining: Int?

  /// The media type, which is then final; nil until six bytes behind the tag have arrived. See ``typeAtEnd``.
  private(set) var type: String?

  /// Processes the next bytes of the file, at first those of the tag's header.
  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    if remaining == nil {
      let part = rest.prefix(Self.headerLength - header.count)
      header += part
      rest = rest.dropFirst(part.count)
      remaining = Self.lengthOfTag(header)
    }
    guard let remaining, type == nil else { return }
    let skipped = min(remaining, rest.count)
    self.remaining = remaining - skipped
    beginning += rest.dropFirst(skipped).prefix(Self.beginningLength - beginning.count)
    if beginning.count == Self.beginningLength { type = typeAtEnd }
  }

  /// Advances over the rest of the tag; does nothing before the tag's header is complete.
  /// - Returns: how many of the file's next bytes must not be given to ``append(_:)``; the caller continues behind
  ///   them.
  mutating func skip() -> Int {
    guard let count = remaining else { return 0 }
    remaining = 0
    return count
  }

  /// The media type if the file ends here: `audio/mpeg` where the bytes behind the tag show no other, or are missing.
  var typeAtEnd: String {
    if beginning.has("fLaC", at: 0) { return "audio/flac" }
    if beginning.has("wvpk", at: 0) { return "audio/x-wavpack" }
    if beginning.has("MAC ", at: 0) { return "audio/x-ape" }
    return ADTSFrame(beginning, at: 0) == nil ? StandardRules.mp3 : "audio/aac"
  }

  /// How many bytes of the tag follow its header: the size that it states in four bytes of seven bits each, and ten
  /// more for a footer. Nil where the header is not complete.
  private static func lengthOfTag(_ header: [UInt8]) -> Int? {
    guard header.count == headerLength else { return nil }
    let size = header[6...].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
    return size + (header[5] & 0x10 == 0 ? 0 : 10)
  }
}
