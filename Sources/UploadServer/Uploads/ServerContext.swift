import HTTPTypes
import Synchronization
import UploadCore
import UploadProtocol
import UploadStorage

/// What all connections of a server share.
struct ServerContext: Sendable {
  /// The most connections of one client that may count in ``lingering`` at the same time.
  static let maxLingeringPerClient = 4

  /// Where uploads are stored.
  let store: any UploadStore
  /// The limit on all slabs and receive buffers together.
  let budget: MemoryBudget
  /// All uploads and rejected requests, for observers.
  let ledger: UploadLedger
  let limits: UploadLimits
  /// Digests to compute of every upload.
  let digests: Set<DigestAlgorithm>
  let access: AccessGate
  /// The limit on all uploads' rate together; nil without one.
  let limiter: RateLimiter?
  /// How many uploads each client has; nil without a limit per client.
  let perClient: PerClientCount?
  /// Connections on which the rest of a rejected body is read and discarded under the highest limits.
  let lingering = PerClientCount(limit: ServerContext.maxLingeringPerClient)
  /// Memory for the headers of requests that are not complete yet.
  let unfinishedHeaders = UnfinishedHeaders()
  /// Forms of which no file has begun. Each counts as one upload.
  let emptyForms = FormCount()

  init(
    store: any UploadStore,
    budget: MemoryBudget,
    ledger: UploadLedger,
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate()
  ) {
    self.store = store
    self.budget = budget
    self.ledger = ledger
    self.limits = limits
    self.digests = digests
    self.access = access
    limiter = limits.rate.map { RateLimiter(bytesPerSecond: $0) }
    perClient = limits.maxUploadsPerClient.map { PerClientCount(limit: $0) }
  }

  /// Whether the rate of uploads is limited, together or each.
  var hasRateLimit: Bool { limiter != nil || limits.ratePerUpload != nil }

  /// Counts an upload for its client until ``uploadEnded(of:)``.
  /// - Throws: ``UploadError`` with code `tooManyUploads` or `tooManyFromClient` when a limit is reached.
  func admit(_ client: ClientAddress) throws(UploadError) {
    if let error = uploadRejection { throw error }
    guard let perClient, !perClient.begin(client.key) else { return }
    let message = "Upload limit per address reached (\(perClient.limit)). Wait until one of your uploads has finished."
    throw UploadError(.tooManyFromClient, message)
  }

  /// Why no further upload can begin, in a running request or in a new one; nil when one can.
  var uploadRejection: UploadError? {
    guard ledger.activeCount(.incoming) + emptyForms.value >= limits.maxUploads else { return nil }
    return UploadError(.tooManyUploads, "Upload limit reached (\(limits.maxUploads)). Try again later.")
  }

  /// Reports a request that was rejected before an upload began. The target's query is not reported.
  func noteRejection(_ request: CurrentRequest, _ error: UploadError) {
    noteRejection(request, error.code.status, error.message)
  }

  /// Reports a request that was rejected with a status that no error code has.
  /// - Parameter reason: nil for the status's reason phrase.
  func noteRejection(_ request: CurrentRequest, _ status: HTTPResponse.Status, _ reason: String? = nil) {
    let redactor = access.redactor
    ledger.reject(
      RejectedRequest(
        time: LogTime.now,
        client: request.client.host,
        method: request.method.map(redactor.text),
        host: request.host.map(redactor.text),
        path: request.rawTarget.map(redactor.path),
        status: status.code,
        reason: redactor.text(reason ?? status.reasonPhrase)
      )
    )
  }

  /// Ends the count that ``admit(_:)`` began.
  func uploadEnded(of client: ClientAddress) {
    perClient?.end(client.key)
  }
}

/// How many uploads, or other activities, each client has at the same time, up to a limit. Locked once at the beginning
/// and once at the end of each.
final class PerClientCount: Sendable {
  /// The most that one client may have.
  let limit: Int
  private let counts = Mutex<[String: Int]>([:])

  init(limit: Int) {
    self.limit = limit
  }

  /// Counts one more for a client; ``end(_:)`` must follow.
  /// - Parameter client: ``ClientAddress/key``.
  /// - Returns: false, and counts nothing, when the client has reached the limit.
  func begin(_ client: String) -> Bool {
    counts.withLock { counts in
      guard counts[client, default: 0] < limit else { return false }
      counts[client, default: 0] += 1
      return true
    }
  }

  /// Ends a count that ``begin(_:)`` has begun.
  func end(_ client: String) {
    counts.withLock { counts in
      let count = counts[client, default: 0]
      counts[client] = count > 1 ? count - 1 : nil
    }
  }

  /// How many clients have at least one.
  var clients: Int { counts.withLock { $0.count } }
}

/// A number of forms, counted on all event loops.
final class FormCount: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  /// - Parameter change: 1 for one form more, -1 for one less.
  func add(_ change: Int) {
    count.add(change, ordering: .relaxed)
  }
}
