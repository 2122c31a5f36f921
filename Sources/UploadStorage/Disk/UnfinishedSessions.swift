package import NIOCore
import Synchronization
package import UploadCore

/// The requests of this process that append to unfinished uploads. Callable from any thread.
package final class UnfinishedSessions: Sendable {
  private struct Session {
    let number: UInt64
    /// Succeeds when the request's file is closed.
    let ended: EventLoopFuture<Void>
    var isEnding = false
  }

  private struct State {
    var sessions: [UnfinishedID: Session] = [:]
    var next: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// Begins a request.
  /// - Returns: the end of the request before on the same upload, nil for none, and the promise of this one's end.
  package func begin(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop
  ) -> (previous: EventLoopFuture<Void>?, ended: EventLoopPromise<Void>) {
    let promise = eventLoop.makePromise(of: Void.self)
    let (previous, number) = state.withLock { state -> (EventLoopFuture<Void>?, UInt64) in
      let previous = state.sessions[id]?.ended
      state.next &+= 1
      state.sessions[id] = Session(number: state.next, ended: promise.futureResult)
      return (previous, state.next)
    }
    promise.futureResult.whenComplete { [self] _ in
      state.withLock { state in
        if state.sessions[id]?.number == number { state.sessions[id] = nil }
      }
    }
    return (previous, promise)
  }

  /// Notes that the request on an upload is about to end.
  package func noteEnding(_ id: UnfinishedID) { state.withLock { $0.sessions[id]?.isEnding = true } }

  /// Whether a request appends to an upload.
  package func contains(_ id: UnfinishedID) -> Bool { state.withLock { $0.sessions[id] != nil } }

  /// Waits for the end of the request on an upload, if that is about to end.
  package func ended(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    let ended = state.withLock { state -> EventLoopFuture<Void>? in
      guard let session = state.sessions[id], session.isEnding else { return nil }
      return session.ended
    }
    return ended?.hop(to: eventLoop) ?? eventLoop.makeSucceededVoidFuture()
  }
}

/// The digests of unfinished uploads between two requests, as far as this process has received them. One small value
/// for each upload, until that ends. Callable from any thread.
package final class UnfinishedHashes: Sendable {
  /// The hash of a content's beginning.
  package struct State: Sendable {
    /// How many bytes it has: a multiple of ``WritePlan/alignment``.
    package var base: UInt64
    package var hash: any ContentHash

    package init(base: UInt64, hash: any ContentHash) { (self.base, self.hash) = (base, hash) }
  }

  private let states = Mutex<[UnfinishedID: State]>([:])

  package init() {}

  /// Remembers a state in place of an earlier one; nil to forget that.
  package func remember(_ state: State?, for id: UnfinishedID) { states.withLock { $0[id] = state } }

  /// Removes and returns the state of an upload, if it has exactly `base` bytes and computes what `hash` does.
  package func remove(_ id: UnfinishedID, base: UInt64, like hash: any ContentHash) -> State? {
    guard let state = states.withLock({ $0.removeValue(forKey: id) }), state.base == base else { return nil }
    let (known, wanted) = (state.hash.digests, hash.digests)
    guard wanted.sha256 == nil || known.sha256 != nil, wanted.sha512 == nil || known.sha512 != nil else { return nil }
    return state
  }

  /// How many there are.
  var count: Int { states.withLock { $0.count } }
}
