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
  var digests: Set<DigestAlgorithm> = []

  /// The digests to compute while an upload comes.
  func algorithms(for request: DigestRequest) -> Set<DigestAlgorithm> {
    digests.union(request.algorithms)
  }

  /// What computes them; nil when there are none.
  func hash(for request: DigestRequest) -> (any ContentHash)? {
    SHAHash(algorithms(for: request))
  }
}
