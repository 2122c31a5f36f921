import HTTPExchange
import Synchronization

/// Servers that have sent no `100 Continue` for a request that they then accepted: later requests do not ask for it, and do
/// not wait. Usable from any thread.
final class IgnoredExpectations: Sendable {
  private let origins = Mutex<Set<HTTPOrigin>>([])

  func contains(_ origin: HTTPOrigin) -> Bool { origins.withLock { $0.contains(origin) } }

  /// Notes the behaviour that a response has shown.
  func note(_ origin: HTTPOrigin, _ result: ExchangeResult) {
    guard result.ignoresExpectation, result.response.isSuccess else { return }
    _ = origins.withLock { $0.insert(origin) }
  }
}
