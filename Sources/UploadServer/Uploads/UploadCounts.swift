import Synchronization
import UploadCore

/// How many of something, such as requests with uploads, each client has at the same time, up to a limit. Locked once at
/// the beginning and once at the end of each.
final class PerClientCount: Sendable {
  private let limit: Int
  private let counts = Mutex<[String: Int]>([:])

  init(limit: Int) {
    self.limit = limit
  }

  /// Counts one more of a client; ``end(_:)`` must follow.
  /// - Parameter client: ``ClientAddress/key``.
  /// - Returns: false, and counts nothing, when the client has as many as it may.
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

  /// How many clients have any.
  var clients: Int { counts.withLock { $0.count } }
}

/// A number of forms, counted on all event loops.
final class FormCount: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  func add(_ change: Int) {
    count.add(change, ordering: .relaxed)
  }
}
