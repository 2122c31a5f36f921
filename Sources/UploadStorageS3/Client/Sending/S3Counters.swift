import Synchronization
import UploadCore

/// Counts requests. Usable from any thread.
final class S3Counters: Sendable {
  private let counts = Mutex<[S3Operation: S3ClientSnapshot.Counts]>([:])

  /// All counts so far.
  var snapshot: S3ClientSnapshot { S3ClientSnapshot(operations: counts.withLock { $0 }) }

  /// Counts a request that is about to be sent.
  func sent(_ operation: S3Operation, isRetry: Bool) {
    counts.withLock { counts in
      counts[operation, default: .init()].requests += 1
      if isRetry { counts[operation, default: .init()].retries += 1 }
    }
  }

  /// Counts a response, whatever its status.
  func responded(_ operation: S3Operation, in duration: Duration) {
    counts.withLock { $0[operation, default: .init()].add(duration.inSeconds) }
  }

  /// Counts a call that has failed for good.
  func failed(_ operation: S3Operation) { counts.withLock { $0[operation, default: .init()].failures += 1 } }
}

extension S3ClientSnapshot.Counts {
  mutating func add(_ latency: Double) {
    seconds += latency
    let index = S3ClientSnapshot.bounds.firstIndex { latency <= $0 } ?? S3ClientSnapshot.bounds.count
    latencies[index] += 1
  }
}
