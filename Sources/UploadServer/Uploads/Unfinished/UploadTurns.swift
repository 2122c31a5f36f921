import NIOCore
import Synchronization
import UploadStorage

/// One request at a time for each unfinished upload: a newer one ends the older one and waits for it, so that a dead
/// connection never locks an upload. Callable on any thread.
final class UploadTurns: Sendable {
  /// Why a request is asked to end.
  enum Reason: Sendable {
    /// A newer request waits.
    case replaced
    /// A user has cancelled the upload.
    case cancelled
    /// The program stops.
    case stopping
  }

  /// Asks a request to end; it may also finish.
  private struct Request {
    let end: @Sendable (Reason) -> Void
  }

  /// The requests of one upload.
  private struct Turn {
    var current: Request
    /// Those that wait, oldest first.
    var waiting: [(request: Request, promise: EventLoopPromise<Void>)] = []
  }

  private struct State {
    var turns: [UnfinishedID: Turn] = [:]
  }

  private let state = Mutex(State())

  /// Waits until no older request has its turn, after asking it to end. ``end(_:)`` must follow once.
  /// - Parameter end: asks the request to end. It is called on any thread, perhaps more than once, and should only
  ///   schedule the end.
  /// - Returns: succeeds when it is the request's turn; never fails.
  func begin(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    end: @escaping @Sendable (Reason) -> Void
  ) -> EventLoopFuture<Void> {
    let request = Request(end: end)
    let promise = eventLoop.makePromise(of: Void.self)
    let older = state.withLock { state -> Request? in
      guard var turn = state.turns[id] else {
        state.turns[id] = Turn(current: request)
        return nil
      }
      turn.waiting.append((request: request, promise: promise))
      state.turns[id] = turn
      return turn.current
    }
    if let older { older.end(.replaced) } else { promise.succeed() }
    return promise.futureResult
  }

  /// Ends the turn of the current request; the oldest of those that wait gets the next one.
  func end(_ id: UnfinishedID) {
    let next = state.withLock { state -> (promise: EventLoopPromise<Void>, older: Request?)? in
      guard var turn = state.turns[id], !turn.waiting.isEmpty else {
        state.turns[id] = nil
        return nil
      }
      let next = turn.waiting.removeFirst()
      turn.current = next.request
      state.turns[id] = turn
      return (promise: next.promise, older: turn.waiting.isEmpty ? nil : next.request)
    }
    next?.promise.succeed()
    // It is no longer the newest.
    next?.older?.end(.replaced)
  }

  /// Asks the request that has its turn to end.
  /// - Returns: false when no request has.
  func interrupt(_ id: UnfinishedID, _ reason: Reason) -> Bool {
    let current = state.withLock { $0.turns[id]?.current }
    current?.end(reason)
    return current != nil
  }

  /// Whether a request has its turn.
  func isTaken(_ id: UnfinishedID) -> Bool { state.withLock { $0.turns[id] != nil } }
}
