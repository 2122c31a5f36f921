import Foundation

/// Runs `work`, which may block, on a thread of its own; the tests' threads, of which there are few, go on meanwhile.
package func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: work)) }
  }
}
