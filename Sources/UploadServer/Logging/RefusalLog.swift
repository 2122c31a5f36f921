import HTTPTypes
import Logging
import NIOCore
import Synchronization
import UploadCore

/// Logs requests that are refused before an upload begins; those that fail later are in the log as uploads.
final class RefusalLog: Sendable {
  private let logger: Logger
  private let gate = Mutex(LineGate())

  init(_ logger: Logger) {
    self.logger = logger
  }

  /// A request of `client` is refused.
  func note(_ error: UploadError, from client: String, at now: NIODeadline = .now()) {
    guard logger.logLevel <= .info, let skipped = gate.withLock({ $0.pass(at: now) }) else { return }
    var facts: Logger.Metadata = [
      "remote": "\(client)", "status": "\(error.code.status.code)", "code": "\(error.code.rawValue)",
      "reason": "\(error.message)",
    ]
    if skipped > 0 { facts["leftOut"] = "\(skipped)" }
    logger.info("request refused", metadata: facts)
  }
}
