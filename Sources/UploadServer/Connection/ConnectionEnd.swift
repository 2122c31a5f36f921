import NIOCore

/// How a connection ends: the server's shutdown, the end of the client's input, and Hummingbird's close.
///
/// Hummingbird must not learn of the first two in the middle of a request, since it would close the connection. Its close
/// must not discard responses that are still being sent.
struct ConnectionEnd {
  /// What to do with an event that may end the connection. Some of them Hummingbird has to get as well.
  enum Action: Equatable {
    case ignore
    /// Forward the event to Hummingbird now.
    case forward
    /// Forward the event to Hummingbird when the running request is finished: see ``takeDeferredEvents()``.
    case postpone
    /// Fail the running upload.
    case failUpload
    /// Reject the request: it is malformed.
    case reject
    case close
  }

  private enum Shutdown {
    case none, started
    /// The time for running uploads is over.
    case graceEnded
  }

  /// Whether the client has closed its sending side.
  private(set) var inputIsClosed = false
  private var shutdown = Shutdown.none
  /// The events that Hummingbird has yet to learn of.
  private var deferred = (shutdown: false, endOfInput: false)
  /// Whether Hummingbird's close waits until all responses are sent.
  private var closeIsDeferred = false
  /// Responses that the socket has not accepted completely.
  private var unsentResponses = 0

  var isStopping: Bool { shutdown != .none }
  var hasUnsentResponses: Bool { unsentResponses > 0 }

  /// The server stops. Only the first call has an effect.
  mutating func stop(in phase: RequestPhase) -> Action {
    guard shutdown == .none else { return .ignore }
    shutdown = .started
    switch phase {
    case .lingering: return .close
    case .receiving, .storing, .skipping:
      deferred.shutdown = true
      return .postpone
    case .idle, .forwarding: return .forward
    }
  }

  /// The grace period of running uploads is over.
  /// - Returns: whether to perform the close that was deferred.
  mutating func endGrace() -> Bool {
    shutdown = .graceEnded
    return takeClose()
  }

  /// The client has closed its sending side.
  /// - Parameter isAtRest: whether no request is being served, and none is queued.
  mutating func closeInput(in phase: RequestPhase, isAtRest: Bool) -> Action {
    inputIsClosed = true
    switch phase {
    case .lingering: return .close
    case .receiving: return .failUpload
    case .idle, .forwarding, .storing, .skipping:
      deferred.endOfInput = !isAtRest
      return isAtRest ? .forward : .postpone
    }
  }

  /// Returns once the events to forward to Hummingbird. Call it when a request is finished.
  mutating func takeDeferredEvents() -> (shutdown: Bool, endOfInput: Bool) {
    defer { deferred = (false, false) }
    return deferred
  }

  /// The end of a response was written.
  mutating func responseWritten() {
    unsentResponses += 1
  }

  /// The socket has accepted the end of a response.
  /// - Returns: whether to perform the close that was deferred.
  mutating func responseSent() -> Bool {
    unsentResponses -= 1
    return unsentResponses == 0 && takeClose()
  }

  /// Hummingbird wants to close the connection. When the server stops it does so right after its last write, which would
  /// drop bytes that the socket has not accepted, such as the end of a download to a slow client.
  /// - Returns: whether the close has to wait until all responses are sent or the grace period ends.
  mutating func defersClose() -> Bool {
    guard shutdown == .started, unsentResponses > 0 else { return false }
    closeIsDeferred = true
    return true
  }

  private mutating func takeClose() -> Bool {
    defer { closeIsDeferred = false }
    return closeIsDeferred
  }
}

/// Hummingbird's close of a connection that waits until all responses are sent. Loop-bound.
final class DeferredClose {
  private var promise: EventLoopPromise<Void>?

  /// Defers a close until ``perform(on:)``. Several deferred closes are performed as one.
  /// - Parameter promise: completed with the close; nil when its outcome does not matter.
  func add(_ promise: EventLoopPromise<Void>?, on eventLoop: any EventLoop) {
    let close = self.promise ?? eventLoop.makePromise(of: Void.self)
    self.promise = close
    if let promise { close.futureResult.cascade(to: promise) }
  }

  /// Closes the connection, if a close was deferred.
  /// - Parameter context: of the handler that deferred it; nil when the connection is gone.
  func perform(on context: ChannelHandlerContext?) {
    guard let close = promise else { return }
    promise = nil
    if let context { context.close(promise: close) } else { close.succeed() }
  }
}
