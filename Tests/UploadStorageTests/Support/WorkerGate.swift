import Dispatch

@testable import UploadStorage

/// Keeps all threads of a pool busy until it is opened, so that a test knows which work has not begun.
final class WorkerGate: Sendable {
  private let gate = DispatchSemaphore(value: 0)
  private let threads: Int

  /// Waits until all of the pool's `threads` wait for the gate.
  init(blocking pool: WorkerPool, threads: Int) async {
    self.threads = threads
    let arrived = DispatchSemaphore(value: 0)
    for _ in 0..<threads {
      pool.submit { [gate] _ in
        arrived.signal()
        gate.wait()
      }
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        for _ in 0..<threads { arrived.wait() }
        continuation.resume()
      }
    }
  }

  func open() {
    for _ in 0..<threads { gate.signal() }
  }
}
