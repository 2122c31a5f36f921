/// Detects the media type of a file from its first bytes, which may arrive in chunks of any size.
///
/// No I/O and no clock. The result is for people and for `--allow-type`, never for safety: any content can be given the
/// first bytes of another type. The rules of the WHATWG's MIME Sniffing standard come first (``StandardRules``), then
/// rules for types that it does not know or does not tell apart, such as ``Signatures``, ``TextShape`` and
/// ``ZipContent``. Retains at most ``framesLength`` bytes, and none once the result is known.
package struct MediaTypeSniffer: Sendable {
  package enum Result: Sendable, Equatable {
    /// The bytes so far do not decide: append the next ones, or call ``MediaTypeSniffer/finish()`` at the end of the
    /// file.
    case needMore
    /// The result, which further bytes do not change; nil where the bytes show no known type.
    case known(String?)
  }

  private enum State: Equatable {
    /// Collects the first ``standardLength`` bytes. Next: any other.
    case gathering
    /// A zip archive whose first entries have not shown its type yet. Next: ``done(_:)``.
    case zip(ZipContent)
    /// Audio behind an ID3 tag. Next: ``done(_:)``.
    case tagged(TaggedAudio)
    /// Begins with one audio frame; the second lies beyond the bytes so far. Next: ``disc``, ``done(_:)``.
    case frames
    /// No signature matches, so only the mark of a disc image is left. Next: ``done(_:)``.
    case disc
    case done(String?)
  }

  /// How many first bytes the MIME Sniffing standard looks at: its resource header.
  static let standardLength = 1445
  /// How many first bytes are searched for two audio frames: enough for one of MPEG, at most 2,881 bytes, and the
  /// header of the next.
  static let framesLength = 4096

  private var state = State.gathering
  private var first: [UInt8] = []
  private var disc = DiscSignature()

  package init() {}

  /// Processes the next bytes of the file. Once the result is known, ignores them and returns it again.
  package mutating func append(_ bytes: some Collection<UInt8>) -> Result {
    if case .done(let type) = state { return .known(type) }
    // Bytes that lie side by side are copied at once. Callers are in other targets, where this is not specialized.
    return bytes.withContiguousStorageIfAvailable { process($0) } ?? process(bytes)
  }

  private mutating func process(_ bytes: some Collection<UInt8>) -> Result {
    disc.append(bytes)
    var rest = bytes[...]
    if state == .gathering {
      let part = rest.prefix(Self.standardLength - first.count)
      first.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      if first.count >= Self.standardLength { classify(isWhole: false) }
    }
    proceed(rest)
    if case .done(let type) = state { return .known(type) }
    return .needMore
  }

  /// The type of a file that ends after the bytes appended so far; nil where they show no known type. Append no more
  /// afterwards.
  package mutating func finish() -> String? {
    if state == .gathering { classify(isWhole: true) }
    return switch state {
    case .done(let type): type
    case .zip(let zip): zip.type
    case .tagged(let audio): audio.typeAtEnd
    case .frames: Self.audio(first)
    case .gathering, .disc: nil
    }
  }

  /// Makes the type that the bytes so far show the result, because the next ones cannot be appended.
  package mutating func conclude() { end(finish()) }

  /// The type of a file, which is read only until the type is known, without content that can be skipped; nil where it
  /// shows no known type.
  /// - Parameter read: returns 1 to `count` bytes at `offset`; an empty array only at or beyond the end of the file.
  ///   Called for increasing offsets.
  /// - Throws: the error of `read`.
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

  /// Advances over the next bytes as far as they make no difference.
  /// - Returns: how many of them must not be appended; the caller continues behind them.
  private mutating func skip() -> Int {
    switch state {
    case .zip(var zip):
      let count = zip.skip()
      state = .zip(zip)
      return count
    case .tagged(var audio):
      let count = audio.skip()
      state = .tagged(audio)
      return count
    case .gathering, .frames, .disc, .done: return 0
    }
  }

  /// Applies the rules to the first bytes and enters the next state.
  /// - Parameter isWhole: whether they are the whole file.
  private mutating func classify(isWhole: Bool) {
    let header = first
    guard !header.isEmpty else { return end(nil) }
    switch StandardRules.type(of: header) {
    case StandardRules.zip: continueWith(.zip(ZipContent()))
    case StandardRules.mp3 where header.has("ID3", at: 0): continueWith(.tagged(TaggedAudio()))
    case StandardRules.xml: end(TextShape.isVectorImage(header) ? TextShape.vectorImage : StandardRules.xml)
    case StandardRules.plainText:
      end(Signatures.textType(of: header) ?? TextShape.type(of: header, isWhole: isWhole) ?? StandardRules.plainText)
    case StandardRules.binary: classifyBinary(header)
    case StandardRules.ogg: end(OggContent.type(of: header) ?? StandardRules.ogg)
    case StandardRules.mp4: end(ISOBaseMedia.type(of: header) ?? StandardRules.mp4)
    case StandardRules.postScript: end(Signatures.postScript(header) ?? StandardRules.postScript)
    case let type: end(type)
    }
  }

  private mutating func classifyBinary(_ header: [UInt8]) {
    if let type = Signatures.type(of: header) ?? StandardPatterns.fonts.type(of: header) { return end(type) }
    let mayHaveFrames = MPEGAudioFrame.beginsTwo(header) == nil || ADTSFrame.beginsTwo(header) == nil
    state = mayHaveFrames ? .frames : .disc
    if !mayHaveFrames { first = [] }
  }

  /// Continues with a state that reads the file from its beginning.
  private mutating func continueWith(_ next: State) {
    let gathered = first
    (state, first) = (next, [])
    proceed(gathered)
  }

  /// Processes the next bytes as the state requires; ignores them while gathering and once the result is known.
  private mutating func proceed(_ bytes: some Collection<UInt8>) {
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
      checkDisc()
    case .disc: checkDisc()
    case .gathering, .done: break
    }
  }

  private mutating func checkDisc() {
    if let isDisc = disc.isDisc { end(isDisc ? DiscSignature.type : nil) }
  }

  /// The type of a file that begins with two audio frames within `header`, or of which `header` is exactly one AAC
  /// frame; nil for others.
  private static func audio(_ header: [UInt8]) -> String? {
    if MPEGAudioFrame.beginsTwo(header) == true { return StandardRules.mp3 }
    return ADTSFrame.beginsTwo(header) == true ? "audio/aac" : nil
  }

  private mutating func end(_ type: String?) {
    (state, first) = (.done(type), [])
  }
}

/// Searches a file for the mark of an ISO 9660 disc image: `CD001` at offset 32,769, behind 32 KiB that the standard
/// leaves to other uses (ECMA-119 section 8.1). Retains no bytes.
struct DiscSignature: Sendable {
  static let type = "application/x-iso9660-image"

  private static let mark = Array("CD001".utf8)
  private static let offset = 32_769

  /// How many bytes of the file have been appended.
  private var position = 0
  /// How many bytes of the mark have been found.
  private var matched = 0

  /// Whether the file is a disc image; nil until a byte at the mark's place differs or the whole mark has arrived.
  private(set) var isDisc: Bool?

  /// Processes the next bytes of the file.
  mutating func append(_ bytes: some Collection<UInt8>) {
    guard isDisc == nil else { return }
    let start = position
    position += bytes.count
    guard position > Self.offset else { return }
    for byte in bytes.dropFirst(max(0, Self.offset + matched - start)) {
      guard byte == Self.mark[matched] else { return isDisc = false }
      matched += 1
      if matched == Self.mark.count { return isDisc = true }
    }
  }
}
