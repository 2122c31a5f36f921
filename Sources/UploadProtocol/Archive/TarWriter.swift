import Basics
package import UploadCore

/// The bytes of a tar archive around the contents of its files: POSIX ustar, with pax records where a value does not fit
/// (IEEE Std 1003.1-2017, pax).
///
/// An archive is, for each entry, its ``header(of:)``, the content, and ``padding(after:)`` zeros; then ``end``.
package enum TarWriter {
  /// The unit of an archive, in bytes.
  package static let blockSize = 512

  /// A file or a directory in an archive.
  package struct Entry: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      case directory
      /// - Parameter size: of the content in bytes.
      case file(size: UInt64)
    }

    /// Where it is in the archive: names separated by slashes, without a slash at either end.
    package var path: NameBytes
    package var kind: Kind
    /// Seconds since 1970.
    package var modified: Int64

    package init(path: NameBytes, kind: Kind, modified: Int64) {
      (self.path, self.kind, self.modified) = (path, kind, modified)
    }
  }

  /// What ends an archive: two blocks of zeros.
  package static let end = [UInt8](repeating: 0, count: 2 * blockSize)

  /// How many zeros follow a content of so many bytes.
  package static func padding(after size: UInt64) -> Int {
    let rest = Int(size % UInt64(blockSize))
    return rest == 0 ? 0 : blockSize - rest
  }

  /// The blocks before an entry's content: its header, and before that one with pax records where any are needed.
  package static func header(of entry: Entry) -> [UInt8] {
    let path = entry.path.bytes + (entry.kind == .directory ? "/".utf8 : "".utf8)
    var size: UInt64 = 0
    if case .file(let bytes) = entry.kind { size = bytes }
    let place = split(path)
    var records: [UInt8] = []
    if place == nil || !path.allSatisfy({ $0 < 0x80 }) {
      if entry.path.isUTF8 {
        records += record("path", path)
      } else if place == nil {
        // The bytes are no text. Readers that do not know this record take them as they are anyway.
        records += record("hdrcharset", "BINARY".utf8) + record("path", path)
      }
    }
    if size > largestNumber { records += record("size", String(size).utf8) }
    if entry.modified < 0 || entry.modified > Int64(largestNumber) {
      records += record("mtime", String(entry.modified).utf8)
    }
    // For readers that do not know pax: the beginning of the path.
    let shown = place ?? (prefix: [], name: path.prefix(nameLength))
    let modified = UInt64(clamping: max(0, entry.modified))
    let header = block(
      shown,
      kind: entry.kind == .directory ? "5" : "0",
      mode: entry.kind == .directory ? 0o755 : 0o644,
      size: min(size, largestNumber),
      modified: min(modified, largestNumber)
    )
    guard !records.isEmpty else { return header }
    let paxName = (prefix: path[..<0], name: Array("././@PaxHeader".utf8)[...])
    let pax = block(paxName, kind: "x", mode: 0o644, size: UInt64(records.count), modified: 0)
    return pax + records + [UInt8](repeating: 0, count: padding(after: UInt64(records.count))) + header
  }

  // MARK: Fields

  private typealias Place = (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)

  private static let nameLength = 100
  private static let prefixLength = 155
  /// The largest number of a field with 11 octal digits: 8 GiB less one byte.
  private static let largestNumber: UInt64 = 0o777_7777_7777

  /// The two fields of a path: up to 100 bytes, and before them, without the slash in between, up to 155; nil where it
  /// does not fit.
  private static func split(_ path: [UInt8]) -> Place? {
    guard path.count > nameLength else { return (path[..<0], path[...]) }
    guard path.count <= prefixLength + 1 + nameLength else { return nil }
    // The slash at the end of a directory does not separate.
    let slash = path.indices.first { index in
      path[index] == UInt8(ascii: "/") && index > 0 && path.count - index - 1 <= nameLength && index < path.count - 1
    }
    guard let slash, slash <= prefixLength else { return nil }
    return (path[..<slash], path[(slash + 1)...])
  }

  /// A pax record, which begins with its own length: `22 path=a/longer/name` and a line feed.
  private static func record(_ key: String, _ value: some Collection<UInt8>) -> [UInt8] {
    let rest = " \(key)=".utf8.count + value.count + 1
    var length = rest + String(rest).utf8.count
    // The digits of the length count, too.
    if rest + String(length).utf8.count != length { length = rest + String(length).utf8.count }
    return Array("\(length) \(key)=".utf8) + value + [ASCII.lineFeed]
  }

  private static func block(_ place: Place, kind: String, mode: UInt64, size: UInt64, modified: UInt64) -> [UInt8] {
    var block: [UInt8] = []
    block.reserveCapacity(blockSize)
    block += padded(place.name, to: nameLength)
    block += octal(mode, digits: 7) + octal(0, digits: 7) + octal(0, digits: 7)
    block += octal(size, digits: 11) + octal(modified, digits: 11)
    let checksumStart = block.count
    block += [UInt8](repeating: ASCII.space, count: 8) + kind.utf8
    // No link; the format and its version; no names of user and group; no device.
    block += padded([], to: nameLength) + "ustar\0".utf8 + "00".utf8 + padded([], to: 64)
    block += octal(0, digits: 7) + octal(0, digits: 7)
    block += padded(place.prefix, to: prefixLength)
    block += [UInt8](repeating: 0, count: blockSize - block.count)
    let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
    block.replaceSubrange(checksumStart..<checksumStart + 8, with: octal(sum, digits: 6) + [ASCII.space])
    return block
  }

  private static func padded(_ bytes: ArraySlice<UInt8>, to length: Int) -> [UInt8] {
    Array(bytes.prefix(length)) + [UInt8](repeating: 0, count: max(0, length - bytes.count))
  }

  /// A number in so many octal digits, and a NUL.
  private static func octal(_ value: UInt64, digits: Int) -> [UInt8] {
    let text = String(value, radix: 8)
    return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8) + [0]
  }
}
