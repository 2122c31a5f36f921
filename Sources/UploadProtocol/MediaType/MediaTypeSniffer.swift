/// Tells a media type from the first bytes of a file, fed as they stream and cut anywhere.
///
/// A pure value. Its result is for people and for `--allow-type`, never for safety: any content can be given the first
/// bytes of another type. The rules of the WHATWG's MIME Sniffing standard come first (``StandardRules``); then what it
/// does not know or tells apart less well (``Signatures``, ``TextShape``, ``ISOBaseMedia``, ``OggContent``,
/// ``TaggedAudio``, ``ZipContent``). Holds at most ``framesLength`` bytes, and none once it has answered.
package struct MediaTypeSniffer: Sendable {
  package enum Answer: Sendable, Equatable {
    /// More bytes, or the end of the file, may tell.
    case needMore
    /// The result, which does not change; nil when the bytes show no known type.
    case known(String?)
  }

  private enum State: Equatable {
    /// The first bytes are being gathered. Next: any other.
    case gathering
    /// A zip archive whose first entries do not tell yet what it is. Next: ``done(_:)``.
    case zip(ZipContent)
    /// Audio behind an ID3 tag. Next: ``done(_:)``.
    case tagged(TaggedAudio)
    /// A frame of audio, whose next one lies further on. Next: ``disc``, ``done(_:)``.
    case frames
    /// No signature fits, so it may still be a disc image. Next: ``done(_:)``.
    case disc
    case done(String?)
  }

  /// What the standard calls the resource header, in bytes.
  static let standardLength = 1445
  /// The second of two frames of audio begins within so many bytes.
  static let framesLength = 4096

  private var state = State.gathering
  private var first: [UInt8] = []
  private var disc = DiscSignature()

  package init() {}

  /// Takes the next bytes of the file.
  package mutating func append(_ bytes: some Collection<UInt8>) -> Answer {
    if case .done(let type) = state { return .known(type) }
    disc.append(bytes)
    var rest = bytes[...]
    if state == .gathering {
      let part = rest.prefix(Self.standardLength - first.count)
      first.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      if first.count >= Self.standardLength { look(isWhole: false) }
    }
    lookFurther(rest)
    if case .done(let type) = state { return .known(type) }
    return .needMore
  }

  /// The file ends here.
  package mutating func finish() -> String? {
    if state == .gathering { look(isWhole: true) }
    switch state {
    case .done(let type): return type
    case .zip(let zip): end(zip.type)
    case .tagged(var audio): end(audio.finish())
    case .frames: end(Self.audio(first))
    case .gathering, .disc: end(nil)
    }
    return finish()
  }

  /// The type of a file of which these are the first bytes.
  package static func type(of bytes: some Collection<UInt8>) -> String? {
    var sniffer = MediaTypeSniffer()
    _ = sniffer.append(bytes)
    return sniffer.finish()
  }

  /// The type of a file that can be read, by as little of it as tells.
  /// - Parameter read: returns at most so many bytes at an offset; none at the end.
  package static func type<Failure: Error>(
    reading read: (_ offset: Int, _ count: Int) throws(Failure) -> [UInt8]
  ) throws(Failure) -> String? {
    var sniffer = MediaTypeSniffer()
    var offset = 0
    while true {
      let bytes = try read(offset, framesLength)
      guard !bytes.isEmpty else { return sniffer.finish() }
      if case .known(let type) = sniffer.append(bytes) { return type }
      offset += bytes.count + sniffer.skip()
    }
  }

  /// Passes over the bytes that come next and do not matter.
  /// - Returns: how many they are.
  private mutating func skip() -> Int {
    switch state {
    case .zip(var zip):
      let count = zip.skippableBytes
      zip.skip(count)
      state = .zip(zip)
      return count
    case .tagged(var audio):
      let count = audio.skippableBytes
      audio.skip(count)
      state = .tagged(audio)
      return count
    case .gathering, .frames, .disc, .done: return 0
    }
  }

  private mutating func look(isWhole: Bool) {
    let header = first
    guard !header.isEmpty else { return end(nil) }
    switch StandardRules.type(of: header) {
    case StandardRules.zip: state = .zip(ZipContent())
    case TaggedAudio.mp3 where header.has("ID3", at: 0): state = .tagged(TaggedAudio())
    case StandardRules.xml: end(TextShape.isVectorImage(header) ? TextShape.vectorImage : StandardRules.xml)
    case StandardRules.plainText:
      end(Signatures.textType(of: header) ?? TextShape.type(of: header, isWhole: isWhole) ?? StandardRules.plainText)
    case StandardRules.binary: lookIntoBinary(header)
    case StandardRules.ogg: end(OggContent.type(of: header) ?? StandardRules.ogg)
    case StandardRules.mp4: end(ISOBaseMedia.type(of: header) ?? StandardRules.mp4)
    case StandardRules.postScript: end(Signatures.postScript(header) ?? StandardRules.postScript)
    case let type: end(type)
    }
    // What has been gathered is the beginning of what the others look at.
    guard case .done = state else { return continueWithFirst() }
  }

  private mutating func continueWithFirst() {
    let gathered = first
    if state != .frames { first = [] }
    switch state {
    case .zip, .tagged: lookFurther(gathered)
    case .gathering, .frames, .disc, .done: break
    }
  }

  private mutating func lookIntoBinary(_ header: [UInt8]) {
    if let type = Signatures.type(of: header) ?? StandardPatterns.fonts.type(of: header) { return end(type) }
    let mayHaveFrames = MPEGAudioFrame.beginsTwo(header) == nil || ADTSFrame.beginsTwo(header) == nil
    state = mayHaveFrames ? .frames : .disc
  }

  /// Looks at bytes behind the first ones.
  private mutating func lookFurther(_ bytes: some Collection<UInt8>) {
    switch state {
    case .zip(var zip):
      zip.append(bytes)
      if zip.isCertain { end(zip.type) } else { state = .zip(zip) }
    case .tagged(var audio):
      audio.append(bytes)
      if let type = audio.type { end(type) } else { state = .tagged(audio) }
    case .frames:
      first.append(contentsOf: bytes.prefix(Self.framesLength - first.count))
      guard first.count == Self.framesLength else { return }
      if let type = Self.audio(first) { return end(type) }
      (state, first) = (.disc, [])
      lookForDisc()
    case .disc: lookForDisc()
    case .gathering, .done: break
    }
  }

  private mutating func lookForDisc() {
    if let isDisc = disc.isDisc { end(isDisc ? DiscSignature.type : nil) }
  }

  private static func audio(_ header: [UInt8]) -> String? {
    if MPEGAudioFrame.beginsTwo(header) == true { return TaggedAudio.mp3 }
    return ADTSFrame.beginsTwo(header) == true ? "audio/aac" : nil
  }

  private mutating func end(_ type: String?) {
    state = .done(type)
    first = []
  }
}

/// Looks for the mark of an ISO 9660 disc image, `CD001` behind the 32 KiB that the standard leaves to others
/// (ECMA-119 section 8.1). Keeps a position, not the bytes before it.
struct DiscSignature: Sendable {
  static let type = "application/x-iso9660-image"

  private static let mark = Array("CD001".utf8)
  private static let offset = 32_769

  private var position = 0
  /// Bytes of the mark that have been seen.
  private var matched = 0

  /// Whether it is a disc image; nil while the mark has not been reached.
  private(set) var isDisc: Bool?

  mutating func append(_ bytes: some Collection<UInt8>) {
    guard isDisc == nil else { return }
    let (start, count) = (position, bytes.count)
    position += count
    guard position > Self.offset else { return }
    for byte in bytes.dropFirst(max(0, Self.offset + matched - start)) {
      guard byte == Self.mark[matched] else { return isDisc = false }
      matched += 1
      if matched == Self.mark.count { return isDisc = true }
    }
  }
}
