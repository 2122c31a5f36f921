import NIOCore
import Synchronization
import UploadStorage

/// One request at a time for each unfinished upload: a newer one ends the older one and waits for it, so that a dead
/// connection never locks an upload. Callable on any thread.
final class UploadTurns: Sendable {
  /// A request that has its turn, or waits for it.
  private struct Request {
    /// Asks the request to end; it may also finish.
    let end: @Sendable () -> Void
    /// Asks the request to end, because a user cancelled the upload.
    let cancel: @Sendable () -> Void
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
  /// - Parameters:
  ///   - end: is called when a newer request waits, perhaps within this call, on any thread; it should only schedule
  ///     the end.
  ///   - cancel: is called by ``cancel(_:)``, as `end` is.
  /// - Returns: succeeds when it is the request's turn; never fails.
  func begin(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    end: @escaping @Sendable () -> Void,
    cancel: @escaping @Sendable () -> Void
  ) -> EventLoopFuture<Void> {
    let request = Request(end: end, cancel: cancel)
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
    if let older { older.end() } else { promise.succeed() }
    return promise.futureResult
  }

  /// Ends the turn of the current request; the oldest of those that wait gets the next one.
  func end(_ id: UnfinishedID) {
    let next = state.withLock { state -> (promise: EventLoopPromise<Void>, end: (@Sendable () -> Void)?)? in
      guard var turn = state.turns[id], !turn.waiting.isEmpty else {
        state.turns[id] = nil
        return nil
      }
      let next = turn.waiting.removeFirst()
      turn.current = next.request
      state.turns[id] = turn
      return (promise: next.promise, end: turn.waiting.isEmpty ? nil : next.request.end)
    }
    next?.promise.succeed()
    // It is no longer the newest.
    next?.end?()
  }

  /// Asks the request that has its turn to cancel the upload.
  /// - Returns: false when no request has.
  func cancel(_ id: UnfinishedID) -> Bool {
    let current = state.withLock { $0.turns[id]?.current }
    current?.cancel()
    return current != nil
  }

  /// Whether a request has its turn.
  func isTaken(_ id: UnfinishedID) -> Bool { state.withLock { $0.turns[id] != nil } }
}
