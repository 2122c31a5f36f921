import Synchronization
import UploadCore

/// How many requests with uploads each address has under way, held to a limit. Locked at a request's begin and end.
final class UploadsPerClient: Sendable {
  private let limit: Int
  private let counts = Mutex<[String: Int]>([:])

  init(limit: Int) {
    self.limit = limit
  }

  /// Counts one more request of a client; ``end(_:)`` must follow.
  /// - Returns: false, and counts nothing, when it has as many as it may.
  func begin(_ client: String) -> Bool {
    counts.withLock { counts in
      let count = counts[client] ?? 0
      guard count < limit else { return false }
      counts[client] = count + 1
      return true
    }
  }

  func end(_ client: String) {
    counts.withLock { counts in
      let count = counts[client] ?? 0
      counts[client] = count > 1 ? count - 1 : nil
    }
  }

  /// How many addresses have any.
  var clients: Int { counts.withLock { $0.count } }
}
