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

  private var entry: [UInt8] = []
  private var depth = 0
  private var isString = false
  private var isEscaped = false
  /// Whether the text was a listing so far.
  private(set) var isValid = true
  /// Whether the listing is complete.
  private(set) var isComplete = false

  /// Reads the next bytes, and calls `body` with each entry that is complete.
  mutating func read(_ bytes: some Sequence<UInt8>, _ body: (Entry) -> Void) {
    for byte in bytes where isValid { read(byte, body) }
  }

  private mutating func read(_ byte: UInt8, _ body: (Entry) -> Void) {
    // An entry is an object at depth 3: in the array `files` of the outer object.
    if depth >= 3 {
      entry.append(byte)
      isValid = entry.count <= Self.entryLimit
    }
    if isString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isString = false
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""): isString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      // The outermost value is an object. A text that nests deeper than a listing is none.
      isValid = depth <= 8 && (depth > 1 || byte == UInt8(ascii: "{"))
      if depth == 3 { entry = [byte] }
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      depth -= 1
      if depth == 2 { finishEntry(body) }
      isComplete = depth == 0
      isValid = depth >= 0
    case 0x20, 0x09, 0x0A, 0x0D: break
    default: isValid = depth > 0
    }
  }

  private mutating func finishEntry(_ body: (Entry) -> Void) {
    defer { entry.removeAll(keepingCapacity: true) }
    guard let object = try? JSONDecoder().decode(Object.self, from: Data(entry)), let entry = object.entry else {
      isValid = false
      return
    }
    body(entry)
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
        let name = PercentEncoding.decodedBytes(last), !name.isEmpty
      else { return nil }
      return Entry(
        name: NameBytes(name),
        isDirectory: directory ?? false,
        size: size,
        sha256: sha256.flatMap { ContentDigests(sha256Text: $0) },
        modified: modified.flatMap(HTTPDate.secondsOfInternetText)
      )
    }
  }
}
