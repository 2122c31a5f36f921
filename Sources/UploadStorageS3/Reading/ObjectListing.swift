import UploadCore
import UploadStorage

/// The objects and common prefixes of one directory when they were listed. Everything that listings show of a file is in the
/// engine's own listing, so that no file costs a request.
final class ObjectListing: FileListing {
  /// One entry: its name, and for an object its tag behind that, are within ``text``.
  fileprivate struct Entry {
    /// In seconds since 1970.
    var modified: Int64
    var size: UInt64
    var start: UInt32
    var nameLength: UInt16
    var tagLength: UInt16
    var isDirectory: Bool
  }

  /// Collects the pages of a listing.
  struct Builder {
    fileprivate var entries: [Entry] = []
    fileprivate var text: [UInt8] = []
    private let naming: ObjectNaming
    fileprivate let prefix: String
    /// Whether the directory itself was found: an object that marks it, or anything in it.
    private(set) var isFound = false

    /// - Parameter prefix: what the keys of everything in the directory begin with.
    init(_ naming: ObjectNaming, prefix: String) {
      (self.naming, self.prefix) = (naming, prefix)
    }

    /// The memory that a page needs, in bytes: arrays grow by doubling.
    static func bytes(of page: S3ListingPage) -> Int {
      let text =
        page.objects.reduce(0) { $0 + $1.key.utf8.count + $1.tag.utf8.count }
        + page.prefixes.reduce(0) { $0 + $1.utf8.count }
      return 2 * (text + (page.objects.count + page.prefixes.count) * MemoryLayout<Entry>.stride)
    }

    mutating func add(_ page: S3ListingPage) {
      isFound = isFound || !page.objects.isEmpty || !page.prefixes.isEmpty
      for directory in page.prefixes { add(directory, tag: "", modified: 0, size: 0, isDirectory: true) }
      for object in page.objects where object.key.utf8.last != UInt8(ascii: "/") {
        add(object.key, tag: object.tag, modified: object.modified, size: object.size, isDirectory: false)
      }
    }

    private mutating func add(_ key: String, tag: String, modified: Int64, size: UInt64, isDirectory: Bool) {
      guard let name = naming.name(ofEntry: key, in: prefix), let start = UInt32(exactly: text.count),
        let nameLength = UInt16(exactly: name.bytes.count), let tagLength = UInt16(exactly: tag.utf8.count)
      else { return }
      text.append(contentsOf: name.bytes)
      text.append(contentsOf: tag.utf8)
      entries.append(
        Entry(
          modified: modified,
          size: size,
          start: start,
          nameLength: nameLength,
          tagLength: tagLength,
          isDirectory: isDirectory
        )
      )
    }
  }

  private let entries: [Entry]
  private let text: [UInt8]
  private let prefix: String
  private let reading: ObjectReading
  /// Of the memory that this uses.
  private let reservations: [MemoryReservation]

  init(_ builder: consuming Builder, reading: ObjectReading, reservations: [MemoryReservation]) {
    text = builder.text
    prefix = builder.prefix
    (self.reading, self.reservations) = (reading, reservations)
    let text = text
    entries = builder.entries.sorted { (first, second) in
      if first.isDirectory != second.isDirectory { return first.isDirectory }
      if !first.isDirectory, first.modified != second.modified { return first.modified > second.modified }
      return Self.name(first, in: text).lexicographicallyPrecedes(Self.name(second, in: text))
    }
  }

  var count: Int { entries.count }

  private static func name(_ entry: Entry, in text: [UInt8]) -> ArraySlice<UInt8> {
    let start = Int(entry.start)
    return text[start..<(start + Int(entry.nameLength))]
  }

  private func listed(_ entry: Entry) -> ListedEntry? {
    let name = NameBytes(Self.name(entry, in: text))
    if entry.isDirectory { return .directory(name: name, modified: entry.modified) }
    let end = Int(entry.start) + Int(entry.nameLength)
    let object = S3Object(
      key: prefix + name.description,
      size: entry.size,
      modified: entry.modified,
      tag: String(decoding: text[end..<(end + Int(entry.tagLength))], as: UTF8.self)
    )
    return reading.file(object).map { .file($0) }
  }

  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    var (value, next) = (initial, start)
    while next < order?.count ?? count {
      let place = order.map { Int($0[next]) } ?? next
      next += 1
      if let entry = listed(entries[place]), !body(&value, entry) { break }
    }
    return (value: value, next: next)
  }
}
