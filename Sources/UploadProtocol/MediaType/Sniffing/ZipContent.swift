/// What a zip archive really is: an office document, a book or a program, told by the names of its first entries.
///
/// Walks the local headers (APPNOTE.TXT section 4.3.7) as far as the bytes go. An entry's length is its writer's word, so
/// a false one only ends the walk; every step goes forward.
struct ZipContent {
  /// A zip archive, if nothing more is known.
  private(set) var type = StandardRules.zip
  /// Whether more bytes would change nothing.
  private(set) var isCertain = false

  /// Where documents of Office Open XML keep their main part.
  private static let officeFolders: [(folder: StaticString, type: String)] = [
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
  ]
  private static let androidNames: [StaticString] = ["AndroidManifest.xml", "classes.dex", "resources.arsc"]

  init(_ bytes: [UInt8]) {
    walk(bytes)
  }

  private mutating func walk(_ bytes: [UInt8]) {
    var offset = 0
    var isOffice = false
    var folder: String?
    while let entry = Entry(bytes, at: offset) {
      let name = entry.name
      if offset == 0, name.elementsEqual("mimetype".utf8), let stated = Self.statedType(entry, bytes) {
        return end(stated)
      }
      if Self.androidNames.contains(where: name.begins) { return end("application/vnd.android.package-archive") }
      if name.begins(with: "META-INF/") { type = "application/java-archive" }
      isOffice =
        isOffice || name.begins(with: "[Content_Types].xml") || name.begins(with: "_rels/.rels")
        || name.begins(with: "docProps/")
      folder = folder ?? Self.officeFolders.first { name.begins(with: $0.folder) }?.type
      if isOffice, let folder { return end(folder) }
      guard let next = entry.next(bytes) else { return }
      offset = next
    }
  }

  private mutating func end(_ type: String) {
    (self.type, isCertain) = (type, true)
  }

  /// EPUB and OpenDocument state their type in a first entry that is neither compressed nor hidden. Nobody else's word
  /// counts.
  private static func statedType(_ entry: Entry, _ bytes: [UInt8]) -> String? {
    guard entry.isStored else { return nil }
    let text = bytes[entry.dataStart...].prefix(min(entry.size, 100)).repairedText
    let prefix = "application/vnd.oasis.opendocument."
    let end = text.utf8.prefix { $0.isMediaTypeByte }.repairedText
    return text.hasPrefix("application/epub+zip") ? "application/epub+zip" : end.hasPrefix(prefix) ? end : nil
  }

  /// One local header.
  private struct Entry {
    let name: ArraySlice<UInt8>
    let isStored: Bool
    /// Of the content as it is in the archive; 0 where it is only told behind it.
    let size: Int
    let dataStart: Int
    private let isSizeKnown: Bool

    init?(_ bytes: [UInt8], at offset: Int) {
      guard bytes.has("PK\u{3}\u{4}", at: offset),
        let flags = bytes.number(2, at: offset + 6, bigEndian: false),
        let method = bytes.number(2, at: offset + 8, bigEndian: false),
        let size = bytes.number(4, at: offset + 18, bigEndian: false),
        let nameLength = bytes.number(2, at: offset + 26, bigEndian: false),
        let extraLength = bytes.number(2, at: offset + 28, bigEndian: false)
      else { return nil }
      name = bytes[(offset + 30)...].prefix(nameLength)
      isStored = method == 0
      self.size = size
      isSizeKnown = flags & 8 == 0
      // Kept within the bytes, so that slices from here on are sound.
      dataStart = min(bytes.count, offset + 30 + nameLength + extraLength)
    }

    /// Where the next header is, or may be; nil behind the end.
    func next(_ bytes: [UInt8]) -> Int? {
      if isSizeKnown { return dataStart + size < bytes.count ? dataStart + size : nil }
      return (dataStart..<bytes.count).first { bytes[$0] == UInt8(ascii: "P") && bytes.has("PK\u{3}\u{4}", at: $0) }
    }
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
