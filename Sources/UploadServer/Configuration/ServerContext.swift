import UploadCore
import UploadStorage

/// What every connection of a server shares.
struct ServerContext: Sendable {
  let store: any UploadStore
  let ledger: UploadLedger
  let limits: UploadLimits
}
