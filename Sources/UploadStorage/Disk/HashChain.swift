import NIOCore
import UploadCore

/// Computes an upload's digests on the workers: slab after slab in the order of the file, each beside its write. Lives on
/// one event loop.
///
/// Writes of an upload run two at once and end in any order, so each slab waits for the one before here, not in a worker.
final class HashChain {
  /// The hash of all slabs hashed so far, or why there is none.
  private(set) var hash: Result<any ContentHash, any Error>
  private var last: EventLoopFuture<any ContentHash>
  private let workers: WorkerPool
  private let eventLoop: any EventLoop

  init(_ hash: any ContentHash, workers: WorkerPool, eventLoop: any EventLoop) {
    self.hash = .success(hash)
    last = eventLoop.makeSucceededFuture(hash)
    self.workers = workers
    self.eventLoop = eventLoop
  }

  /// Hashes the next slab; it must not change until the future completes, whether it succeeds or fails.
  func add(_ slab: Slab) -> EventLoopFuture<Void> {
    let (workers, eventLoop) = (workers, eventLoop)
    let next = last.flatMap { hash in
      workers.runIfActive(eventLoop: eventLoop) { () -> any ContentHash in
        var hash = hash
        hash.update(slab.filled)
        return hash
      }
    }
    last = next
    next.assumeIsolated().whenComplete { self.hash = $0 }
    return next.map { _ in }
  }
}
