import HTTPTypes
import NIOCore
import Synchronization
import UploadCore
import UploadProtocol
import UploadStorage

/// What all connections of a server share, HTTP and raw ones. Callable on any thread.
final class ServerContext: Sendable {
  /// How many connections of one client may discard the rest of a rejected body under
  /// ``LingeringCloseStateMachine/Limits/full`` at the same time; see ``lingering``.
  static let maxLingeringPerClient = 4

  /// Where uploads are stored.
  let store: any UploadStore
  /// The limit on the memory of slabs, large buffers and listings together.
  let budget: MemoryBudget
  /// Where every upload, from its beginning to its end, and every rejected request is reported for observers.
  let ledger: UploadLedger
  let limits: UploadLimits
  /// Digests to compute of every upload, besides those that a request asks for.
  let digests: Set<DigestAlgorithm>
  let access: AccessGate
  /// Whether new uploads begin.
  let admission: Admission
  /// The limit on all uploads' rate together; nil without one.
  let limiter: RateLimiter?
  /// How many requests with uploads each client has now, a form counting as one; nil without a limit per client.
  let perClient: PerClientCount?
  /// How many connections of each client discard the rest of a rejected body under
  /// ``LingeringCloseStateMachine/Limits/full``. Beyond ``maxLingeringPerClient``, the limits are `brief`.
  let lingering = PerClientCount(limit: ServerContext.maxLingeringPerClient)
  /// The memory for incomplete request headers, on all connections that have presented no token.
  let unfinishedHeaders = UnfinishedHeaders()
  /// The unfinished resumable uploads; nil for a store that cannot keep them.
  let resumable: ResumableUploads?
  /// The URL of the server's root that clients are told, without a final slash; nil for the one that they used.
  let publicURL: String?
  /// The scheme of the server's own URLs: `https` where it uses TLS, otherwise `http`.
  let scheme: String
  /// Stores the small files of all connections of a loop together.
  let smallFiles: SmallFileQueues
  /// How many uploads run beyond the first of each group that one connection has pipelined: such a group counts as one
  /// upload in ``UploadLimits/maxUploads``, as if its files were stored one after the other.
  let furtherInGroups = Atomic<Int>(0)
  /// The number of forms of which no file has begun. Each counts as one upload in ``UploadLimits/maxUploads``.
  let emptyForms = Atomic<Int>(0)

  init(
    store: any UploadStore,
    budget: MemoryBudget,
    ledger: UploadLedger,
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate(),
    publicURL: String? = nil,
    scheme: String = "http"
  ) {
    self.store = store
    self.budget = budget
    self.ledger = ledger
    admission = Admission(ledger)
    self.limits = limits
    self.digests = digests
    self.access = access
    self.publicURL = publicURL?.withoutFinalSlashes
    self.scheme = scheme
    smallFiles = SmallFileQueues(store)
    resumable = store.unfinished.map { ResumableUploads(store: $0, ledger: ledger, limits: limits) }
    limiter = limits.rate.map { RateLimiter(bytesPerSecond: $0) }
    perClient = limits.maxUploadsPerClient.map { PerClientCount(limit: $0) }
  }

  /// The rate limits of a new request with uploads: the server's, which all share, and its own. Empty without any.
  func limitersOfUpload() -> [RateLimiter] {
    [limiter, limits.ratePerUpload.map { RateLimiter(bytesPerSecond: $0) }].compactMap { $0 }
  }

  /// Checks the limits on simultaneous uploads, and counts a request with uploads for its client. Call it before the
  /// upload begins.
  /// - Returns: the request's place in the count, to be retained until its upload ends; nil without a limit per client.
  /// - Throws: ``UploadError`` with code `tooManyUploads` or `tooManyFromClient` when a limit is reached.
  func admit(_ client: ClientAddress) throws(UploadError) -> PerClientCount.Place? {
    if let error = uploadRejection { throw error }
    guard let perClient else { return nil }
    if let place = perClient.begin(client.key) { return place }
    let message = "Upload limit per address reached (\(perClient.limit)). Wait until one of your uploads has finished."
    throw UploadError(.tooManyFromClient, message)
  }

  /// Why no further upload can begin, in a running request or in a new one: an error with code `tooManyUploads`; nil
  /// when one can. Limits per client are not considered.
  var uploadRejection: UploadError? {
    // Resumable uploads that no request continues use nothing but the disk.
    let running = ledger.activeCount(.incoming) - (resumable?.idleCount ?? 0)
    let counted = running + emptyForms.load(ordering: .relaxed) - furtherInGroups.load(ordering: .relaxed)
    guard counted >= limits.maxUploads else { return nil }
    return UploadError(.tooManyUploads, "Upload limit reached (\(limits.maxUploads)). Try again later.")
  }

  /// The URL of the server's root as the client of a request is told, without a final slash; empty where its host is not
  /// known.
  /// - Parameter peer: the other end of the connection.
  func baseURL(of request: HTTPRequest, from peer: SocketAddress?) -> String {
    publicURL ?? access.baseURL(of: request, from: peer, scheme: scheme)
  }

  /// Reports a request that was rejected before an upload began, without the target's query and without tokens.
  /// - Parameter reason: the error's message; nil for the status's reason phrase.
  func noteRejection(_ request: CurrentRequest, _ status: HTTPResponse.Status, _ reason: String? = nil) {
    let redactor = access.redactor
    let rejected = RejectedRequest(
      time: LogTime.now,
      client: request.client.host,
      method: request.method.map(redactor.text),
      host: request.host.map(redactor.text),
      path: request.rawTarget.map(redactor.path),
      status: status.code,
      reason: redactor.text(reason ?? status.reasonPhrase)
    )
    ledger.reject(rejected)
  }
}

/// How many uploads, or other activities, each client has at the same time, up to a limit. Locked once at the beginning
/// and once at the end of each.
final class PerClientCount: Sendable {
  /// The most that one client may have at the same time.
  let limit: Int
  private let counts = Mutex<[String: Int]>([:])

  init(limit: Int) {
    self.limit = limit
  }

  /// One upload, or other activity, of a client: counts as long as it is retained.
  final class Place: Sendable {
    private let count: PerClientCount
    private let client: String

    fileprivate init(in count: PerClientCount, of client: String) {
      (self.count, self.client) = (count, client)
    }

    deinit {
      count.change(of: client, by: -1)
    }
  }

  /// Counts one more for a client. Callable on any thread.
  /// - Parameter client: ``ClientAddress/key``.
  /// - Returns: its place in the count; nil, and counts nothing, when the client has reached the limit.
  func begin(_ client: String) -> Place? {
    change(of: client, by: 1) ? Place(in: self, of: client) : nil
  }

  /// - Returns: false, and changes nothing, when the client would have more than ``limit``.
  @discardableResult
  private func change(of client: String, by difference: Int) -> Bool {
    counts.withLock { counts in
      let count = counts[client, default: 0] + difference
      guard count <= limit else { return false }
      counts[client] = count > 0 ? count : nil
      return true
    }
  }

  /// How many clients have at least one now.
  var clients: Int { counts.withLock { $0.count } }
}
