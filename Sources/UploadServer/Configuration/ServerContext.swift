import UploadCore
import UploadStorage

/// What every connection of a server shares.
struct ServerContext: Sendable {
  let store: any UploadStore
  /// The ceiling on slabs and receive buffers.
  let budget: MemoryBudget
  let ledger: UploadLedger
  let limits: UploadLimits
}
