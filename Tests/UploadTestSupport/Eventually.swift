import Foundation

/// A condition that a test waited for did not become true in time.
package struct TimeoutError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Waits until `condition` is true; evaluates it at once and then every 5 ms.
///
/// `timeout` only prevents hanging, since a machine under load is no failure. It counts only time in which the
/// condition could have been evaluated again: a test that waits for a thread among all others loses little of it.
/// - Throws: ``TimeoutError`` naming `what` when it never was true, `CancellationError` when the task is cancelled, and
///   any error that `condition` throws.
package func eventually(
  _ what: String = "the condition",
  timeout: Duration = .seconds(120),
  isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  var left = timeout
  var lastCheck = ContinuousClock.now
  while try await !condition() {
    guard left > .zero else { throw TimeoutError("\(what) did not come within \(timeout)") }
    try await Task.sleep(for: .milliseconds(5))
    let now = ContinuousClock.now
    left -= min(now - lastCheck, .milliseconds(100))
    lastCheck = now
  }
}

/// Runs `work`, which may block, on a thread of its own; the tests' threads, of which there are few, continue
/// meanwhile.
/// - Throws: the error of `work`.
package func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: work)) }
  }
}
