import FoundationEssentials
import UploadCore
import UploadProtocol

/// Reads the JSON listing of a Sluice server as it arrives, and keeps only the entry that is being received: a listing may
/// have any length.
struct ListingParser {
  /// What a listing says of a file or directory.
  struct Entry: Equatable {
    /// The last component of its path.
    var name: NameBytes
    var isDirectory = false
    /// Bytes; nil for a directory.
    var size: UInt64?
    /// Nil where the server has computed none.
    var sha256: ContentDigests?
    /// In seconds since 1970.
    var modified: Int64?
  }

  /// The most bytes of one entry: a name has at most 255 bytes, of which each may have six in JSON and three in a URL.
  private static let entryLimit = 64 * 1024

  /// How every listing of a Sluice server begins, white space aside.
  private static let start = Array(#"{"files":["#.utf8)

  /// How far the text has been read.
  private enum Position {
    /// So many bytes of ``ListingParser/start`` have been read.
    case start(Int)
    /// Between the entries.
    case entries
    /// In an entry; so many of its objects and arrays are open, itself included.
    case entry(depth: Int)
    /// Behind the entries; so many objects and arrays are open, the outermost included.
    case rest(depth: Int)
    case end
  }

  private var position = Position.start(0)
  private var entry: [UInt8] = []
  private var isString = false
  private var isEscaped = false
  /// Whether the text was a listing so far.
  private(set) var isValid = true
  /// Whether the listing is complete.
  var isComplete: Bool { if case .end = position { true } else { false } }

  /// Reads the next bytes, and calls `body` with each entry that is complete.
  mutating func read(_ bytes: some Sequence<UInt8>, _ body: (Entry) -> Void) {
    for byte in bytes where isValid { isValid = read(byte, body) }
  }

  /// - Returns: whether the text can still be a listing.
  private mutating func read(_ byte: UInt8, _ body: (Entry) -> Void) -> Bool {
    if case .entry = position {
      entry.append(byte)
      guard entry.count <= Self.entryLimit else { return false }
    }
    if case .start(let count) = position {
      guard !Self.isSpace(byte) else { return true }
      position = count + 1 == Self.start.count ? .entries : .start(count + 1)
      return byte == Self.start[count]
    }
    guard !isString else {
      let escapes = !isEscaped && byte == UInt8(ascii: "\\")
      isString = isEscaped || byte != UInt8(ascii: "\"")
      isEscaped = escapes
      return true
    }
    isString = byte == UInt8(ascii: "\"")
    let isOpening = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
    let isClosing = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    switch position {
    case .start: return false
    case .entries:
      if byte == UInt8(ascii: "{") {
        entry = [byte]
        position = .entry(depth: 1)
      } else if byte == UInt8(ascii: "]") {
        position = .rest(depth: 1)
      } else {
        return byte == UInt8(ascii: ",") || Self.isSpace(byte)
      }
    case .entry(let depth):
      // A text that nests deeper than a listing is none.
      guard !isOpening || depth < 8 else { return false }
      position = .entry(depth: depth + (isOpening ? 1 : 0) - (isClosing ? 1 : 0))
      if isClosing, depth == 1 { return finishEntry(body) }
    case .rest(let depth):
      guard !isOpening || depth < 8 else { return false }
      position = isClosing && depth == 1 ? .end : .rest(depth: depth + (isOpening ? 1 : 0) - (isClosing ? 1 : 0))
    case .end: return Self.isSpace(byte)
    }
    return true
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// - Returns: whether the entry was one of a listing.
  private mutating func finishEntry(_ body: (Entry) -> Void) -> Bool {
    defer { entry.removeAll(keepingCapacity: true) }
    position = .entries
    guard let object = try? JSONDecoder().decode(Object.self, from: Data(entry)), let entry = object.entry else {
      return false
    }
    body(entry)
    return true
  }

  /// An entry as the server writes it (example/docs/http.md).
  private struct Object: Decodable {
    /// A URL with the exact bytes of the name, unlike `name`, which is a text to show.
    var url: String
    var directory: Bool?
    var size: UInt64?
    var sha256: String?
    var modified: String?

    var entry: Entry? {
      let path = url.utf8.prefix { $0 != UInt8(ascii: "?") }
      guard let last = path.split(separator: UInt8(ascii: "/")).last,
        let name = PercentEncoding.decodedBytes(last), Self.isName(name)
      else { return nil }
      return Entry(
        name: NameBytes(name),
        isDirectory: directory ?? false,
        size: size,
        sha256: sha256.flatMap { ContentDigests(sha256Text: $0) },
        modified: modified.flatMap(HTTPDate.secondsOfInternetText)
      )
    }

    /// Whether a file can have this name.
    private static func isName(_ bytes: [UInt8]) -> Bool {
      !bytes.isEmpty && bytes != Array(".".utf8) && bytes != Array("..".utf8) && !bytes.contains(UInt8(ascii: "/"))
        && !bytes.contains(0)
    }
  }
}
