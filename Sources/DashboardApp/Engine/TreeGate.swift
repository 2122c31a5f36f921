import Synchronization
import UploadClient

/// Lets the files of a tree through one by one: none while the user has paused it, and only so many that have not ended that
/// a pause takes effect soon. Usable from any thread; for one consumer.
final class TreeGate: Sendable {
  private struct State {
    var isPaused = false
    /// Files that were let through and have not ended.
    var open = 0
    var isCancelled = false
    var waiter: CheckedContinuation<Void, Never>?

    var mustWait: Bool { !isCancelled && (isPaused || open >= TreeGate.limit) }
  }

  /// The most files that have not ended: more than a link of 100 ms needs at 4,000 small files a second.
  static let limit = 512

  private let state = Mutex(State())

  var isPaused: Bool { state.withLock { $0.isPaused } }

  func setPaused(_ isPaused: Bool) { change { $0.isPaused = isPaused } }

  /// Notes that a file has ended.
  func noteEnd() { change { $0.open -= 1 } }

  /// Waits until the next file may pass, and counts it. Returns at once when the task is cancelled.
  func pass() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          if state.mustWait { state.waiter = continuation }
          return state.mustWait
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      change { $0.isCancelled = true }
    }
    state.withLock { $0.open += 1 }
  }

  private func change(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      body(&state)
      guard !state.mustWait else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}

/// The sources of a tree behind its gate.
struct GatedSources<Sources: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Sources.Element == UploadSource, Sources.Failure == Never {
  let sources: Sources
  let gate: TreeGate

  struct Iterator: AsyncIteratorProtocol {
    var sources: Sources.AsyncIterator
    let gate: TreeGate

    mutating func next() async -> UploadSource? {
      await gate.pass()
      return await sources.next(isolation: nil)
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(sources: sources.makeAsyncIterator(), gate: gate) }
}
