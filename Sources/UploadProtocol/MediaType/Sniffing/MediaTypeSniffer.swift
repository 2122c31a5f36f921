/// Tells a media type from the first bytes of a file, fed as they stream and cut anywhere.
///
/// A pure value. What it says is for people and for `--allow-type`, never for safety: anybody can write the first bytes
/// of anything. The rules of the WHATWG's MIME Sniffing standard come first, unchanged (``StandardRules``); then what it
/// does not know (``Signatures``, ``TextShape``, ``ZipContent``). Holds at most ``standardLength`` bytes, or
/// ``zipLength`` of a zip archive, and none once it has answered.
package struct MediaTypeSniffer: Sendable {
  package enum Answer: Sendable, Equatable {
    /// More bytes, or the end of the file, may tell.
    case needMore
    /// The answer, which stays; nil when the bytes show nothing that is known.
    case known(String?)
  }

  private enum State: Equatable {
    /// The first bytes are being gathered. Next: any other.
    case gathering
    /// A zip archive whose first entries do not tell yet what it is. Next: ``done(_:)``.
    case lookingIntoZip
    /// No signature fits, so it may still be a disc image. Next: ``done(_:)``.
    case lookingForDisc
    case done(String?)
  }

  /// What the standard calls the resource header, in bytes.
  static let standardLength = 1445
  /// How far into a zip archive its first entries are looked for, in bytes.
  static let zipLength = 4096

  private var state = State.gathering
  private var first: [UInt8] = []
  private var disc = DiscSignature()

  package init() {}

  /// Takes the next bytes of the file.
  package mutating func append(_ bytes: some Collection<UInt8>) -> Answer {
    if case .done(let type) = state { return .known(type) }
    disc.append(bytes)
    if state != .lookingForDisc { first.append(contentsOf: bytes.prefix(Self.zipLength - first.count)) }
    if state == .gathering, first.count >= Self.standardLength { look(isWhole: false) }
    if state == .lookingIntoZip, first.count >= Self.zipLength { end(ZipContent(first).type) }
    if state == .lookingForDisc, let isDisc = disc.verdict { end(isDisc ? DiscSignature.type : nil) }
    if case .done(let type) = state { return .known(type) }
    return .needMore
  }

  /// The file ends here.
  package mutating func finish() -> String? {
    if state == .gathering { look(isWhole: true) }
    switch state {
    case .done(let type): return type
    case .lookingIntoZip: end(ZipContent(first).type)
    case .gathering, .lookingForDisc: end(nil)
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
      let bytes = try read(offset, zipLength)
      guard !bytes.isEmpty else { return sniffer.finish() }
      if case .known(let type) = sniffer.append(bytes) { return type }
      offset += bytes.count
    }
  }

  private mutating func look(isWhole: Bool) {
    // Whatever more has come by chance must not change the answer.
    let header = Array(first.prefix(Self.standardLength))
    guard !header.isEmpty else { return end(nil) }
    switch StandardRules.type(of: header) {
    case StandardRules.zip:
      let content = ZipContent(header)
      if content.isCertain || isWhole { end(content.type) } else { state = .lookingIntoZip }
    case StandardRules.xml: end(TextShape.isVectorImage(header) ? TextShape.vectorImage : StandardRules.xml)
    case StandardRules.plainText:
      end(Signatures.textType(of: header) ?? TextShape.type(of: header, isWhole: isWhole) ?? StandardRules.plainText)
    case StandardRules.binary:
      if let type = Signatures.type(of: header) ?? StandardPatterns.fonts.type(of: header) {
        end(type)
      } else {
        state = .lookingForDisc
        first = []
      }
    case let type: end(type)
    }
  }

  private mutating func end(_ type: String?) {
    state = .done(type)
    first = []
  }
}
