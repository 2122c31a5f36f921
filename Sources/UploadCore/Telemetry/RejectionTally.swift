/// Rejected requests that are to be reported: identical ones are counted, so that a flood costs neither memory nor
/// output.
///
/// Two are identical, of one kind, when client, method, path, status and reason are the same, apart from numbers in the
/// reason (``RejectedRequest/isIdentical(to:)``). The first of a kind is reported at once, later ones together, at most
/// once per ``interval``; of all kinds there are at most ``maxPerSecond`` reports. While ``maxKinds`` kinds are
/// distinguished, other requests with the same status count as one kind. A pure state machine; callers pass the time.
struct RejectionTally {
  /// The least time between two reports of identical requests.
  static let interval = Duration.seconds(10)
  /// The most reports per second, of all kinds together; the others are reported later.
  static let maxPerSecond = 10
  /// How many kinds of requests are distinguished at the same time; there is one more per status for all the others.
  static let maxKinds = 256

  private struct Kind: Hashable {
    var client: String?
    var method: String?
    var path: String?
    var status: Int
    var reason: String
  }

  private struct Record {
    /// The last request; its count is that of the requests that have not been reported.
    var request: RejectedRequest
    var reportedAt: ContinuousClock.Instant?

    func isDue(at now: ContinuousClock.Instant) -> Bool {
      reportedAt.map { now - $0 >= RejectionTally.interval } ?? true
    }
  }

  private var records: [Kind: Record] = [:]
  /// Kinds with something to report, in the order in which it arrived.
  private var pending: [Kind] = []
  /// When kinds were last removed.
  private var cleanedAt: ContinuousClock.Instant?
  private var second: ContinuousClock.Instant?
  private var reportsInSecond = 0

  /// How many requests were noted in all, those counted as identical included.
  private(set) var count: UInt64 = 0
  /// How often ``note(_:at:)`` returned true. Only grows: a reader that sees a change has reports to take. Reports that
  /// become due by time alone do not count; see ``hasUnreported``.
  private(set) var announced: UInt64 = 0

  /// Whether there are counted requests that ``take(at:)`` has not returned yet, due now or later.
  var hasUnreported: Bool { !pending.isEmpty }

  /// How many kinds are remembered now, those for all other requests of one status included.
  var kinds: Int { records.count }

  /// Counts a rejected request, whose own `count` is normally 1.
  /// - Returns: whether a report is now due that was not waiting before: call ``take(at:)`` soon.
  mutating func note(_ request: RejectedRequest, at now: ContinuousClock.Instant) -> Bool {
    count &+= 1
    var request = request
    var kind = Kind(
      client: request.client,
      method: request.method,
      path: request.path,
      status: request.status,
      reason: request.reasonWithoutNumbers
    )
    if records[kind] == nil, records.count >= Self.maxKinds {
      removeReported(at: now)
      if records.count >= Self.maxKinds {
        (request.client, request.method, request.host, request.path) = (nil, nil, nil, nil)
        request.reason = "Further requests were rejected with this status."
        kind = Kind(status: request.status, reason: request.reason)
      }
    }
    let record = records[kind]
    let unreported = record?.request.count ?? 0
    request.count &+= unreported
    records[kind] = Record(request: request, reportedAt: record?.reportedAt)
    guard unreported == 0 else { return false }
    pending.append(kind)
    guard record?.isDue(at: now) ?? true else { return false }
    announced &+= 1
    return true
  }

  /// Removes and returns the reports that are due now: for each kind its last request, with the count since its last
  /// report. Empty when there are none, or when ``maxPerSecond`` have been returned within this second.
  mutating func take(at now: ContinuousClock.Instant) -> [RejectedRequest] {
    guard !pending.isEmpty else { return [] }
    if second.map({ now - $0 >= .seconds(1) }) ?? true { (second, reportsInSecond) = (now, 0) }
    var (reports, later): ([RejectedRequest], [Kind]) = ([], [])
    for kind in pending {
      guard var record = records[kind] else { continue }
      guard reportsInSecond < Self.maxPerSecond, record.isDue(at: now) else {
        later.append(kind)
        continue
      }
      reportsInSecond += 1
      reports.append(record.request)
      record.request.count = 0
      record.reportedAt = now
      records[kind] = record
    }
    pending = later
    return reports
  }

  /// Removes kinds that have nothing left to report, and whose next request would be reported at once anyway. Checks
  /// all of them, so not more than once a second.
  private mutating func removeReported(at now: ContinuousClock.Instant) {
    guard cleanedAt.map({ now - $0 >= .seconds(1) }) ?? true else { return }
    cleanedAt = now
    records = records.filter { $0.value.request.count > 0 || !$0.value.isDue(at: now) }
  }
}

/// A request that the server rejected before an upload began, and the number of identical ones since the last report.
/// Contains no query and no access token; its texts are from the client and not yet safe to show.
package struct RejectedRequest: Sendable, Equatable {
  /// When the last of the identical requests was rejected, in UTC as in RFC 3339: `1994-11-06T08:49:37Z`.
  package var time: String
  /// The client's address without a port; nil when requests of several kinds are counted together.
  package var client: String?
  /// The method; nil when the request could not be parsed, on the raw port, and when requests of several kinds are
  /// counted together.
  package var method: String?
  /// The host and port that the last of the identical requests asked for, from a trusted proxy's `X-Forwarded-Host`
  /// where there is one; nil where ``method`` is nil, and where the request states none.
  package var host: String?
  /// The path, percent-encoded as it was sent; nil where ``method`` is nil.
  package var path: String?
  /// The HTTP status of the response.
  package var status: Int
  /// The message of the response; for requests of several kinds a general sentence.
  package var reason: String
  /// How many identical requests there were since the last report, this one included.
  package var count: UInt64

  package init(
    time: String,
    client: String?,
    method: String?,
    host: String? = nil,
    path: String?,
    status: Int,
    reason: String,
    count: UInt64 = 1
  ) {
    self.time = time
    self.client = client
    self.method = method
    self.host = host
    self.path = path
    self.status = status
    self.reason = reason
    self.count = count
  }

  /// Whether both requests are of one kind: client, method, path, status and reason are the same. Numbers in the reason
  /// may differ: at each retry a client may find a little more or less free space.
  package func isIdentical(to other: RejectedRequest) -> Bool {
    status == other.status && client == other.client && method == other.method && path == other.path
      && (reason == other.reason || reasonWithoutNumbers == other.reasonWithoutNumbers)
  }

  fileprivate var reasonWithoutNumbers: String {
    String(decoding: reason.utf8.filter { !"0123456789.,".utf8.contains($0) }, as: UTF8.self)
  }
}
