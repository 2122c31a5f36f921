import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// What every connection of a server shares.
struct ServerContext: Sendable {
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
  /// Connections on which the rest of a rejected body is read and discarded.
  let lingering = PerClientCount(limit: LingeringCloseStateMachine.maxPerClient)
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

  /// Why no more upload is taken, before a byte of it is read; nil when it is, and then it counts for its client until
  /// ``uploadEnded(of:)``.
  func refuseOrCount(_ client: ClientAddress) -> UploadError? {
    if let error = refuseUpload() { return error }
    guard perClient?.begin(client.key) ?? true else {
      return UploadError(
        .tooManyFromClient,
        "This address has as many uploads under way as one may have. Wait for one to end."
      )
    }
    return nil
  }

  /// Why no more upload is taken, in a request that is under way or from anybody; nil when it is.
  func refuseUpload() -> UploadError? {
    guard ledger.activeCount(.incoming) + emptyForms.value >= limits.maxUploads else { return nil }
    return UploadError(.tooManyUploads, "The server has as many uploads as it takes. Try again in a moment.")
  }

  /// Reports a request that was rejected before an upload began. The only place that does.
  /// - Parameters:
  ///   - method: as it was sent; nil when it could not be parsed, and on the raw port.
  ///   - target: the same; its query is not reported.
  func noteRejection(
    of client: ClientAddress,
    _ method: String?,
    _ target: String?,
    _ status: HTTPResponse.Status,
    _ reason: String
  ) {
    ledger.reject(
      RejectedRequest(
        time: LogTime.now,
        client: client.host,
        method: method.map(redactor.text),
        path: target.map(redactor.path),
        status: status.code,
        reason: redactor.text(reason)
      )
    )
  }

  /// The upload that was counted is over.
  func uploadEnded(of client: ClientAddress) {
    perClient?.end(client.key)
  }
}
