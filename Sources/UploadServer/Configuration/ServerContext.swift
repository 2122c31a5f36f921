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
  let perClient: UploadsPerClient?
  /// Forms of which no file has begun: each counts as the upload that it is about to be.
  let emptyForms = FormCount()
  /// Hears of requests that are refused before an upload begins; nil where nobody listens.
  let refusals: RefusalLog?

  init(
    store: any UploadStore,
    budget: MemoryBudget,
    ledger: UploadLedger,
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate(),
    refusals: RefusalLog? = nil
  ) {
    self.store = store
    self.budget = budget
    self.ledger = ledger
    self.limits = limits
    self.digests = digests
    self.access = access
    self.refusals = refusals
    limiter = limits.rate.map { RateLimiter(bytesPerSecond: $0) }
    perClient = limits.maxUploadsPerClient.map { UploadsPerClient(limit: $0) }
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

  /// The upload that was counted is over.
  func uploadEnded(of client: ClientAddress) {
    perClient?.end(client.key)
  }
}
