/// What a zip archive really is: an office document, a book or a program, recognized by the names of its first entries.
///
/// A machine that is fed the archive from its first byte, cut anywhere. It walks the local headers (APPNOTE.TXT section
/// 4.3.7) and keeps one header at a time; content is skipped. An entry's length is untrusted; a false one only
/// ends the walk.
struct ZipContent: Sendable, Equatable {
  /// So far into an archive entries are looked at, in bytes.
  static let usualLimit = 4096
  /// The same for an archive that has marks of an office document: a thumbnail, or the list of a hundred slides, may
  /// come before the part that tells which program wrote it.
  static let officeLimit = 1 << 20

  private enum State: Equatable {
    /// Next: `skipping`.
    case header
    /// So many bytes of a name, of extra fields or of content are left. Next: `stating`, `header`, `searching`.
    case skipping(Int, then: Following)
    /// In the content of a first entry `mimetype`, of which so many bytes are left. Next: `skipping`, `over`.
    case stating(Int)
    /// In content whose length is stated behind it. Next: `header`.
    case searching
    case over
  }

  private enum Following {
    case content, header
  }

  /// A zip archive, if nothing more is known.
  private(set) var type = StandardRules.zip
  private var state = State.header
  /// The header at hand, with the first bytes of its name; or what the first entry states.
  private var kept: [UInt8] = []
  private var entry = Entry()
  private var position = 0
  private var isFirst = true
  private var hasOfficeMark = false
  private var officeType: String?

  /// Whether more bytes would change nothing.
  var isCertain: Bool { state == .over || position >= limit }

  /// Bytes that come next and do not matter.
  var skippableBytes: Int {
    guard case .skipping(let count, _) = state else { return 0 }
    return min(count, limit - position)
  }

  private var limit: Int { hasOfficeMark || officeType != nil ? Self.officeLimit : Self.usualLimit }

  /// Takes the next bytes of the archive.
  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    while !rest.isEmpty, !isCertain {
      let count = take(rest.prefix(limit - position))
      position += count
      rest = rest.dropFirst(count)
    }
  }

  /// Passes over bytes that do not matter, at most ``skippableBytes``.
  mutating func skip(_ count: Int) {
    guard case .skipping(let left, let following) = state else { return }
    position += count
    state = .skipping(left - count, then: following)
    advance()
  }

  /// - Returns: how many bytes it has taken, at least one.
  private mutating func take(_ bytes: some Collection<UInt8>) -> Int {
    switch state {
    case .header:
      let part = bytes.prefix(Entry.length(of: kept) - kept.count)
      kept += part
      readHeader()
      return part.count
    case .skipping(let left, let following):
      let count = min(left, bytes.count)
      state = .skipping(left - count, then: following)
      advance()
      return count
    case .stating(let left):
      let part = bytes.prefix(left)
      kept += part
      state = .stating(left - part.count)
      if part.count == left { readStatement() }
      return part.count
    case .searching:
      return search(bytes)
    case .over:
      return bytes.count
    }
  }

  private mutating func readHeader() {
    guard kept.count == Entry.length(of: kept) else { return }
    guard let entry = Entry(kept) else { return state = .over }
    self.entry = entry
    note(entry.name)
    guard state != .over else { return }
    state = .skipping(entry.lengthBeforeContent, then: .content)
    advance()
  }

  /// What follows when nothing is left to be skipped.
  private mutating func advance() {
    guard case .skipping(0, let following) = state else { return }
    kept = []
    switch following {
    case .header: state = .header
    case .content where entry.statesType && isFirst && entry.size > 0: state = .stating(min(entry.size, 100))
    case .content where entry.isSizeKnown:
      state = entry.size > 0 ? .skipping(entry.size, then: .header) : .header
    case .content: state = .searching
    }
    if following == .content { isFirst = false }
  }

  /// Looks for the next header's mark. A mark within content misleads it to a header that is none, at worst.
  private mutating func search(_ bytes: some Collection<UInt8>) -> Int {
    var count = 0
    for byte in bytes {
      count += 1
      if byte == Entry.mark[kept.count] {
        kept.append(byte)
        guard kept.count < Entry.mark.count else {
          state = .header
          return count
        }
      } else {
        kept = byte == Entry.mark[0] ? [byte] : []
      }
    }
    return count
  }

  // MARK: Names

  /// Where documents of Office Open XML keep their main part.
  private static let officeFolders: [(folder: StaticString, type: String)] = [
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
  ]
  private static let officeMarks: [StaticString] = ["[Content_Types].xml", "_rels/.rels", "docProps/", "docMetadata/"]
  private static let androidNames: [StaticString] = ["AndroidManifest.xml", "classes.dex", "resources.arsc"]

  private mutating func note(_ name: ArraySlice<UInt8>) {
    if Self.androidNames.contains(where: name.begins) { return end("application/vnd.android.package-archive") }
    if name.begins(with: "META-INF/") { type = "application/java-archive" }
    hasOfficeMark = hasOfficeMark || Self.officeMarks.contains(where: name.begins)
    officeType = officeType ?? Self.officeFolders.first { name.begins(with: $0.folder) }?.type
    if hasOfficeMark, let officeType { end(officeType) }
  }

  private mutating func end(_ type: String) {
    self.type = type
    state = .over
  }

  /// EPUB and OpenDocument state their type in a first entry that is neither compressed nor hidden. No other entry
  /// counts.
  private mutating func readStatement() {
    let text = kept.repairedText
    let prefix = "application/vnd.oasis.opendocument."
    let stated = text.utf8.prefix { $0.isMediaTypeByte }.repairedText
    if text.hasPrefix("application/epub+zip") { return end("application/epub+zip") }
    if stated.hasPrefix(prefix) { return end(stated) }
    state = .skipping(entry.size - kept.count, then: .header)
    advance()
  }

  /// One local header.
  private struct Entry: Equatable {
    static let mark = Array("PK\u{3}\u{4}".utf8)
    private static let fixedLength = 30
    /// No name that matters here is longer.
    private static let longestName = 64

    private(set) var name: ArraySlice<UInt8> = []
    /// Of the content as it is in the archive; 0 where it is only stated behind it.
    private(set) var size = 0
    private(set) var isSizeKnown = true
    /// What is left of the name, and the extra fields.
    private(set) var lengthBeforeContent = 0
    private var isStored = false

    init() {}

    /// - Parameter bytes: of ``length(of:)``.
    init?(_ bytes: [UInt8]) {
      guard bytes.starts(with: Self.mark),
        let flags = bytes.number(2, at: 6, bigEndian: false),
        let method = bytes.number(2, at: 8, bigEndian: false),
        let size = bytes.number(4, at: 18, bigEndian: false),
        let nameLength = bytes.number(2, at: 26, bigEndian: false),
        let extraLength = bytes.number(2, at: 28, bigEndian: false)
      else { return nil }
      name = bytes[Self.fixedLength...]
      self.size = size
      isSizeKnown = flags & 8 == 0
      isStored = method == 0
      lengthBeforeContent = nameLength - name.count + extraLength
    }

    /// How many bytes of a header have to be kept, as far as those that are there tell.
    static func length(of bytes: [UInt8]) -> Int {
      guard bytes.count >= fixedLength, let name = bytes.number(2, at: 26, bigEndian: false) else { return fixedLength }
      return fixedLength + min(name, longestName)
    }

    var statesType: Bool { isStored && name.elementsEqual("mimetype".utf8) }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func begins(with text: StaticString) -> Bool {
    text.withUTF8Buffer { starts(with: $0) }
  }
}

extension UInt8 {
  fileprivate var isMediaTypeByte: Bool {
    ASCII.isTokenByte(self) || self == UInt8(ascii: "/")
  }
}
