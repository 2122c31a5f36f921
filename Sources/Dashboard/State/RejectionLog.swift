import UploadCore

/// The last rejected requests in bounded memory, the newest first. Identical ones that follow each other within
/// ``window`` are one entry with their number, which stays in its place, so that a flood can be read.
///
/// Which ones are identical is the same as in the server's own reports (``RejectedRequest/isIdentical(to:)``).
struct RejectionLog: Sendable {
  /// The most entries; beyond it the oldest is dropped.
  static let limit = 200
  /// A later identical request begins an entry of its own, in seconds.
  static let window = 60

  struct Entry: Sendable, Equatable {
    /// Numbers all entries, the oldest with the lowest.
    let id: Int
    /// When the first and the last of the requests were reported, in local time.
    let first: ClockTime
    fileprivate(set) var last: ClockTime
    /// The last request, with the number of all of them.
    fileprivate(set) var request: RejectedRequest

    /// Whether all parts of the filter are in one of the entry's columns, ignoring case.
    /// - Parameter parts: in lower case.
    func matches(_ parts: [String]) -> Bool {
      guard !parts.isEmpty else { return true }
      let columns = [
        request.client ?? "", request.method ?? "", request.path ?? "", request.host ?? "", "\(request.status)",
        request.reason, last.text,
      ]
      let text = columns.joined(separator: "\n").lowercased()
      return parts.allSatisfy { text.contains($0) }
    }
  }

  /// The newest first.
  private(set) var entries: [Entry] = []
  private var nextID = 0

  /// Adds a report of one request, or of several identical ones.
  /// - Returns: the entry, new or extended.
  mutating func add(_ request: RejectedRequest, at time: ClockTime) -> Entry {
    let request = request.bounded
    if let index = entries.firstIndex(where: { $0.request.isIdentical(to: request) }),
      time.seconds(since: entries[index].last) <= Self.window
    {
      let (sum, overflow) = entries[index].request.count.addingReportingOverflow(request.count)
      entries[index].request = request
      entries[index].request.count = overflow ? .max : sum
      entries[index].last = time
      return entries[index]
    }
    let entry = Entry(id: nextID, first: time, last: time, request: request)
    nextID &+= 1
    entries.insert(entry, at: 0)
    if entries.count > Self.limit { entries.removeLast() }
    return entry
  }

  /// The entries that contain all parts of a filter, which blanks separate; all entries for an empty one.
  func matching(_ filter: String) -> [Entry] {
    let parts = filter.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
    return entries.filter { $0.matches(parts) }
  }
}

extension RejectedRequest {
  /// The same with texts of bounded length.
  fileprivate var bounded: RejectedRequest {
    var copy = self
    copy.client = client?.boundedText
    copy.method = method?.boundedText
    copy.host = host?.boundedText
    copy.path = path?.boundedText
    copy.reason = reason.boundedText
    return copy
  }
}

extension String {
  /// The first 1,000 Unicode scalars.
  fileprivate var boundedText: String { utf8.count <= 1000 ? self : String(unicodeScalars.prefix(1000)) }
}
