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
