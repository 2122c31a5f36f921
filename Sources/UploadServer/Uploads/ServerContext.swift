import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// What every connection of a server shares.
struct ServerContext: Sendable {
  /// Connections of one client that may count in ``lingering`` at the same time.
  static let maxLingeringPerClient = 4

  let store: any UploadStore
  /// The ceiling on slabs and receive buffers.
  let budget: MemoryBudget
  let ledger: UploadLedger
  let limits: UploadLimits
  /// Digests to compute of every upload.
  let digests: Set<DigestAlgorithm>
  let access: AccessGate
  /// The limit on all uploads' rate together; nil without one.
  let limiter: RateLimiter?
  /// nil without a limit per client.
  let perClient: PerClientCount?
  /// Connections on which the rest of a rejected body is read and discarded under the highest limits.
  let lingering = PerClientCount(limit: ServerContext.maxLingeringPerClient)
  /// Bytes of request headers that are not complete yet.
  let unfinishedHeaders = UnfinishedHeaders()
  /// Forms of which no file has begun: each counts as the upload that it is about to be.
  let emptyForms = FormCount()
  /// Keeps the server's token out of events and logs.
  let redactor: TokenRedactor

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
    redactor = access.redactor
    limiter = limits.rate.map { RateLimiter(bytesPerSecond: $0) }
    perClient = limits.maxUploadsPerClient.map { PerClientCount(limit: $0) }
  }

  var hasRateLimit: Bool { limiter != nil || limits.ratePerUpload != nil }

  /// The digests to compute while an upload comes.
  func algorithms(for request: DigestRequest) -> Set<DigestAlgorithm> {
    digests.union(request.algorithms)
  }

  /// What computes them; nil when there are none.
  func hash(for request: DigestRequest) -> (any ContentHash)? {
    SHAHash(algorithms(for: request))
  }

  /// Counts an upload for its client until ``uploadEnded(of:)``.
  /// - Throws: ``UploadError`` with code `tooManyUploads` or `tooManyFromClient` when there are as many as allowed.
  func admit(_ client: ClientAddress) throws(UploadError) {
    if let error = uploadRejection { throw error }
    guard perClient?.begin(client.key) ?? true else {
      throw UploadError(
        .tooManyFromClient,
        "This address has as many uploads under way as one may have. Wait for one to end."
      )
    }
  }

  /// Why no further upload can begin, in a running request or in a new one; nil when it can.
  var uploadRejection: UploadError? {
    guard ledger.activeCount(.incoming) + emptyForms.value >= limits.maxUploads else { return nil }
    return UploadError(.tooManyUploads, "The server has as many uploads as it takes. Try again in a moment.")
  }

  /// Reports a request that was rejected before an upload began. The target's query is not reported.
  func noteRejection(_ request: CurrentRequest, _ error: UploadError) {
    noteRejection(request, error.code.status, error.message)
  }

  /// Reports a request that was rejected with a status that no error has.
  /// - Parameter reason: by default the status in words.
  func noteRejection(_ request: CurrentRequest, _ status: HTTPResponse.Status, _ reason: String? = nil) {
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

  /// The upload that was counted is over.
  func uploadEnded(of client: ClientAddress) {
    perClient?.end(client.key)
  }
}
