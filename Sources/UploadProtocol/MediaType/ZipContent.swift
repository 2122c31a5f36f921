/// Finds the type of a zip archive, such as an office document, a book or a program, by its first entries.
///
/// A state machine that is given the archive from its first byte, in chunks of any size. It reads the local headers
/// (APPNOTE.TXT section 4.3.7) and the content of a first entry `mimetype`, retains one at a time and skips all other
/// content. An entry's length is untrusted; a false one can end the search or give a wrong type, no more.
struct ZipContent: Sendable, Equatable {
  /// How many first bytes of an archive are searched.
  private static let usualLimit = 4096
  /// The same for an archive that may be an office document: a thumbnail, or the list of a hundred slides, may come
  /// before the part that identifies the program.
  private static let officeLimit = 1 << 20

  private enum State: Equatable {
    /// In a local header. Next: ``skipping(_:then:)``, ``done``.
    case header
    /// This many bytes of a name, of extra fields or of content remain. Next: ``mimetype(_:)``, ``header``,
    /// ``searching``.
    case skipping(Int, then: Following)
    /// In the content of a first entry `mimetype`, of which at most 100 bytes are read; this many of them remain. Next:
    /// ``skipping(_:then:)``, ``done``.
    case mimetype(Int)
    /// In content of unknown length. Next: ``header``.
    case searching
    case done
  }

  /// What follows skipped bytes.
  private enum Following {
    case content, header
  }

  /// The media type as far as it is known: `application/zip` at first. It is also the type of an archive that ends
  /// here.
  private(set) var type = StandardRules.zip
  private var state = State.header
  /// The bytes so far of the current header with the beginning of its name, or of the content of `mimetype`.
  private var kept: [UInt8] = []
  private var entry = Entry()
  private var position = 0
  private var isFirst = true
  private var hasOfficeMark = false
  private var officeType: String?

  /// Whether ``type`` is final: further bytes do not change it.
  var isCertain: Bool { state == .done || position >= limit }

  private var limit: Int { hasOfficeMark || officeType != nil ? Self.officeLimit : Self.usualLimit }

  /// Processes the next bytes of the archive.
  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    while !rest.isEmpty, !isCertain {
      let count = process(rest.prefix(limit - position))
      position += count
      rest = rest.dropFirst(count)
    }
  }

  /// Advances over the next bytes as far as they make no difference.
  /// - Returns: how many of them must not be given to ``append(_:)``; the caller continues behind them.
  mutating func skip() -> Int {
    guard case .skipping(let remaining, _) = state else { return 0 }
    let count = min(remaining, limit - position)
    position += count
    advance(count)
    return count
  }

  /// Processes the front of `bytes`, which are not empty.
  /// - Returns: how many bytes were processed, at least one.
  private mutating func process(_ bytes: some Collection<UInt8>) -> Int {
    switch state {
    case .header:
      let part = bytes.prefix(Entry.length(of: kept) - kept.count)
      kept += part
      readHeader()
      return part.count
    case .skipping(let remaining, _):
      let count = min(remaining, bytes.count)
      advance(count)
      return count
    case .mimetype(let remaining):
      let part = bytes.prefix(remaining)
      kept += part
      state = .mimetype(remaining - part.count)
      if part.count == remaining { readMimetype() }
      return part.count
    case .searching:
      return search(bytes)
    case .done:
      return bytes.count
    }
  }

  private mutating func readHeader() {
    guard kept.count == Entry.length(of: kept) else { return }
    guard let entry = Entry(kept) else { return state = .done }
    self.entry = entry
    note(entry.name)
    guard state != .done else { return }
    skip(entry.lengthBeforeContent, then: .content)
  }

  /// Begins to skip `count` bytes, which may be 0.
  private mutating func skip(_ count: Int, then following: Following) {
    state = .skipping(count, then: following)
    advance(0)
  }

  /// Advances by `count` of the bytes to skip, and enters the next state where none remain.
  private mutating func advance(_ count: Int) {
    guard case .skipping(let remaining, let following) = state else { return }
    state = .skipping(remaining - count, then: following)
    guard remaining == count else { return }
    kept = []
    switch following {
    case .header: state = .header
    case .content where entry.isMimetype && isFirst && entry.size > 0: state = .mimetype(min(entry.size, 100))
    case .content where entry.isSizeKnown:
      state = entry.size > 0 ? .skipping(entry.size, then: .header) : .header
    case .content: state = .searching
    }
    if following == .content { isFirst = false }
  }

  /// Searches for the signature of the next header. Content that contains the signature is read as a header: it can end
  /// the search for a type or give a wrong one, no more.
  /// - Returns: how many bytes were processed.
  private mutating func search(_ bytes: some Collection<UInt8>) -> Int {
    var count = 0
    for byte in bytes {
      count += 1
      if byte == Entry.signature[kept.count] {
        kept.append(byte)
        guard kept.count < Entry.signature.count else {
          state = .header
          return count
        }
      } else {
        kept = byte == Entry.signature[0] ? [byte] : []
      }
    }
    return count
  }

  // MARK: Names

  /// The folders in which documents of Office Open XML have their main part.
  private static let officeFolders: [(folder: StaticString, type: String)] = [
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
  ]
  private static let officeMarks: [StaticString] = ["[Content_Types].xml", "_rels/.rels", "docProps/", "docMetadata/"]
  private static let androidNames: [StaticString] = ["AndroidManifest.xml", "classes.dex", "resources.arsc"]

  /// Updates ``type`` by the name of an entry, and ends the search where the name makes it certain.
  private mutating func note(_ name: [UInt8]) {
    if Self.androidNames.contains(where: { name.has($0, at: 0) }) {
      return end("application/vnd.android.package-archive")
    }
    if name.has("META-INF/", at: 0) { type = "application/java-archive" }
    hasOfficeMark = hasOfficeMark || Self.officeMarks.contains { name.has($0, at: 0) }
    officeType = officeType ?? Self.officeFolders.first { name.has($0.folder, at: 0) }?.type
    if hasOfficeMark, let officeType { end(officeType) }
  }

  private mutating func end(_ type: String) {
    self.type = type
    state = .done
  }

  /// EPUB and OpenDocument state their type in an entry `mimetype`, which is the first and not compressed. Other types
  /// that it states are ignored.
  private mutating func readMimetype() {
    let stated = kept.prefix { ASCII.isTokenByte($0) || $0 == UInt8(ascii: "/") }.repairedText
    if kept.has("application/epub+zip", at: 0) { return end("application/epub+zip") }
    if stated.hasPrefix("application/vnd.oasis.opendocument.") { return end(stated) }
    skip(entry.size - kept.count, then: .header)
  }

  /// One local header.
  private struct Entry: Equatable {
    static let signature = Array("PK\u{3}\u{4}".utf8)
    private static let fixedLength = 30
    /// How many bytes of a name are retained; all names of interest are shorter.
    private static let longestName = 64

    private(set) var name: [UInt8] = []
    /// Bytes of the content in the archive, usually compressed, as the header states; usually 0 where the size comes
    /// after the content.
    private(set) var size = 0
    private(set) var isSizeKnown = true
    /// Bytes of the rest of the name and of the extra fields.
    private(set) var lengthBeforeContent = 0
    private var isStored = false

    init() {}

    /// Reads a local header.
    /// - Parameter bytes: as many bytes as ``length(of:)`` returns.
    /// - Returns: nil where they are not a local header.
    init?(_ bytes: [UInt8]) {
      guard bytes.starts(with: Self.signature),
        let flags = bytes.number(2, at: 6, bigEndian: false),
        let method = bytes.number(2, at: 8, bigEndian: false),
        let size = bytes.number(4, at: 18, bigEndian: false),
        let nameLength = bytes.number(2, at: 26, bigEndian: false),
        let extraLength = bytes.number(2, at: 28, bigEndian: false)
      else { return nil }
      name = Array(bytes[Self.fixedLength...])
      self.size = size
      isSizeKnown = flags & 8 == 0
      isStored = method == 0
      lengthBeforeContent = nameLength - name.count + extraLength
    }

    /// How many bytes of a header with its name to retain: 30 until the first 30 in `bytes` state the name's length,
    /// then that length more, at most 64.
    static func length(of bytes: [UInt8]) -> Int {
      guard bytes.count >= fixedLength, let name = bytes.number(2, at: 26, bigEndian: false) else { return fixedLength }
      return fixedLength + min(name, longestName)
    }

    /// Whether the entry's content may state the archive's type.
    var isMimetype: Bool { isStored && name.elementsEqual("mimetype".utf8) }
  }
}
