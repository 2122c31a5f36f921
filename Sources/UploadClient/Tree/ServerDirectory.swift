import UploadCore

/// The files of one directory at a server, in 40 bytes each: for a directory with a million entries.
struct ServerDirectory: Sendable {
  /// A file or a directory.
  struct Item: Sendable {
    fileprivate let hash: UInt64
    /// The greatest number for a directory, and for a file whose size the server does not say.
    private let knownSize: UInt64
    /// The least number where the server does not say it.
    private let knownTime: Int64
    /// The first half of the SHA-256; zeros where the server has computed none, all ones for a directory.
    private let digest: (UInt64, UInt64)

    fileprivate init(_ entry: ListingParser.Entry, hash: UInt64) {
      self.hash = hash
      knownSize = entry.isDirectory ? .max : entry.size ?? .max
      knownTime = entry.modified ?? .min
      digest = entry.isDirectory ? (.max, .max) : entry.sha256?.sha256.map(ServerDirectory.half) ?? (0, 0)
    }

    /// Bytes; nil for a directory, and where the server does not say.
    var size: UInt64? { knownSize == .max ? nil : knownSize }
    /// In seconds since 1970; nil where the server does not say.
    var modified: Int64? { knownTime == .min ? nil : knownTime }
    var isDirectory: Bool { digest == (.max, .max) }
    var hasDigest: Bool { digest != (0, 0) && !isDirectory }

    /// Whether the server's digest, which it must have, is this one.
    func matches(_ digests: ContentDigests) -> Bool {
      digests.sha256.map { ServerDirectory.half($0) == digest } ?? false
    }
  }

  private var items: [Item] = []
  private var isSorted = true

  /// How many entries it has.
  var count: Int { items.count }

  /// Adds an entry of the listing.
  mutating func add(_ entry: ListingParser.Entry) {
    items.append(Item(entry, hash: Self.hash(entry.name)))
    isSorted = false
  }

  /// Prepares for ``item(_:)``, after the last entry was added.
  mutating func sort() {
    items.sort { $0.hash < $1.hash }
    isSorted = true
  }

  /// The entry of a name; nil for none.
  func item(_ name: NameBytes) -> Item? {
    let hash = Self.hash(name)
    var (low, high) = (0, isSorted ? items.count : 0)
    while low < high {
      let middle = (low + high) / 2
      if items[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return low < items.count && isSorted && items[low].hash == hash ? items[low] : nil
  }

  /// Keyed at random for each process: no server can choose names with the same hash. That two of a million names have it by
  /// chance is as likely as 1 to 40 million, and then their sizes and digests differ.
  private static func hash(_ name: NameBytes) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(name)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// Never all zeros or all ones, which have meanings of their own.
  fileprivate static func half(_ digest: [UInt8]) -> (UInt64, UInt64) {
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    let half = (number(digest.prefix(8)), number(digest.dropFirst(8).prefix(8)))
    return half == (0, 0) || half == (.max, .max) ? (half.0, half.1 ^ 1) : half
  }
}
