import Synchronization
import UploadCore

/// Counts requests. Usable from any thread.
final class S3Counters: Sendable {
  private let counts = Mutex<[S3Operation: S3ClientSnapshot.Counts]>([:])

  var snapshot: S3ClientSnapshot { S3ClientSnapshot(operations: counts.withLock { $0 }) }

  func sent(_ operation: S3Operation, isRetry: Bool) {
    counts.withLock { counts in
      counts[operation, default: .init()].requests += 1
      if isRetry { counts[operation, default: .init()].retries += 1 }
    }
  }

  func responded(_ operation: S3Operation, in duration: Duration) {
    counts.withLock { $0[operation, default: .init()].add(duration.inSeconds) }
  }

  func failed(_ operation: S3Operation) { counts.withLock { $0[operation, default: .init()].failures += 1 } }
}

extension S3ClientSnapshot.Counts {
  mutating func add(_ latency: Double) {
    seconds += latency
    let index = S3ClientSnapshot.bounds.firstIndex { latency <= $0 } ?? S3ClientSnapshot.bounds.count
    latencies[index] += 1
  }
}
