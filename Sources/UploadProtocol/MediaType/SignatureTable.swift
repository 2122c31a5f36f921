/// The signatures of several media types, in the order in which they are tried.
///
/// Nearly all of them begin at the first byte of a file. So that byte selects the few that can match at all: of a small file
/// the search among all of them would take as long as storing it in memory.
struct SignatureTable: Sendable {
  let entries: [MediaTypeEntry]
  private let patterns: [BytePattern]
  /// The type that each of ``patterns`` shows.
  private let types: [String]
  /// By the first byte of a file the indices in ``patterns`` of those that it may match, in ascending order.
  private let candidates: [[Int]]

  /// - Parameters:
  ///   - entries: in the order in which they are tried.
  ///   - signatures: those of an entry.
  init(_ entries: [MediaTypeEntry], _ signatures: (MediaTypeEntry) -> [BytePattern]) {
    let pairs = entries.flatMap { entry in signatures(entry).map { (pattern: $0, type: entry.type) } }
    let patterns = pairs.map(\.pattern)
    (self.entries, self.patterns, types) = (entries, patterns, pairs.map(\.type))
    candidates = (UInt8.min...UInt8.max).map { byte in patterns.indices.filter { patterns[$0].mayBegin(with: byte) } }
  }

  /// The type of the first signature that `header` matches; nil where it matches none.
  func type(of header: [UInt8]) -> String? {
    guard let first = header.first else { return nil }
    return candidates[Int(first)].first { patterns[$0].matches(header) }.map { types[$0] }
  }
}
