import Synchronization

/// Lets so many requests pass at once; others wait in the order in which they came. Usable from any thread.
final class S3Gate: Sendable {
  private struct State {
    var free: Int
    var next: UInt64 = 0
    /// Those that wait, the first first.
    var queue: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    /// Those that were cancelled before they waited.
    var cancelled: Set<UInt64> = []
  }

  private let state: Mutex<State>

  /// - Parameter limit: at least 1.
  init(limit: Int) { state = Mutex(State(free: max(1, limit))) }

  /// Waits for a place. Call ``leave()`` when it is no longer needed.
  /// - Returns: false when the task was cancelled: then there is no place to leave.
  func enter() async -> Bool {
    let id = state.withLock { state -> UInt64 in
      state.next += 1
      return state.next
    }
    // The handler below has run by the end of this, or never will.
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let passes = state.withLock { state -> Bool? in
          if state.cancelled.contains(id) { return false }
          guard state.free == 0 else {
            state.free -= 1
            return true
          }
          state.queue.append((id, continuation))
          return nil
        }
        if let passes { continuation.resume(returning: passes) }
      }
    } onCancel: {
      let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard let index = state.queue.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil
        }
        return state.queue.remove(at: index).continuation
      }
      waiting?.resume(returning: false)
    }
  }

  /// Gives the place to the next one that waits.
  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard state.queue.isEmpty else { return state.queue.removeFirst().continuation }
      state.free += 1
      return nil
    }
    next?.resume(returning: true)
  }
}
