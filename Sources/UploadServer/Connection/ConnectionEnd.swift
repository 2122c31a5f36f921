import NIOCore

/// How a connection ends: the server's shutdown, the end of the client's input, and Hummingbird's close.
///
/// Hummingbird may close the connection at either of the first two. So it must not learn of the shutdown while an
/// upload or a download is being served, nor of the end of the input before all requests have responses. During the grace period of
/// a shutdown its close must not discard responses that are still being sent.
struct ConnectionEnd {
  /// What the handler does when the server stops, the client closes its sending side, or the input is malformed.
  enum Action: Equatable {
    case ignore
    /// Forward the event to Hummingbird now.
    case forward
    /// Do nothing now, and forward the event to Hummingbird later: see ``takeDeferredEvents()``.
    case postpone
    /// Fail the running upload: the rest of its body cannot arrive.
    case failUpload
    /// Send a rejection: the input is malformed, and no request is being served.
    case reject
    case close
  }

  private enum Shutdown {
    case none, started
    /// The time for running uploads is over.
    case graceEnded
  }

  /// Whether the client has closed its sending side (FIN).
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

  /// Call it when the server begins to stop. Later calls do nothing and return `ignore`.
  /// - Returns: what to do with the shutdown event: `close` when lingering, `postpone` while an upload or a download is
  ///   being served or the rest of a rejected body is skipped, otherwise `forward`.
  mutating func stop(in phase: RequestPhase) -> Action {
    guard shutdown == .none else { return .ignore }
    shutdown = .started
    switch phase {
    case .lingering: return .close
    case .downloading, .receiving, .storing, .skipping:
      deferred.shutdown = true
      return .postpone
    case .idle, .forwarding: return .forward
    }
  }

  /// Call it when the grace period of running uploads is over: from then on no close is deferred.
  /// - Returns: whether a close was deferred, which must be performed now.
  mutating func endGrace() -> Bool {
    shutdown = .graceEnded
    return takeClose()
  }

  /// Call it when the client has closed its sending side (FIN).
  /// - Parameter isAtRest: whether no request is being served, and none is queued.
  mutating func closeInput(in phase: RequestPhase, isAtRest: Bool) -> Action {
    inputIsClosed = true
    switch phase {
    case .lingering: return .close
    case .receiving: return .failUpload
    case .idle, .forwarding, .downloading, .storing, .skipping:
      deferred.endOfInput = !isAtRest
      return isAtRest ? .forward : .postpone
    }
  }

  /// The postponed events (the server's shutdown, the client's FIN), to be forwarded to Hummingbird now; each is
  /// returned once. Call it when a request is finished and the next one has not begun.
  mutating func takeDeferredEvents() -> (shutdown: Bool, endOfInput: Bool) {
    defer { deferred = (false, false) }
    return deferred
  }

  /// Call it before the end of a response is written, Hummingbird's or the handler's own. ``responseSent()`` must
  /// follow.
  mutating func responseWritten() {
    unsentResponses += 1
  }

  /// Call it once for each ``responseWritten()``, when the socket has accepted the end of that response, or its write
  /// has failed.
  /// - Returns: whether this was the last unsent response and a close was deferred, which must be performed now.
  mutating func responseSent() -> Bool {
    unsentResponses -= 1
    return unsentResponses == 0 && takeClose()
  }

  /// Call it when Hummingbird asks to close the connection. When the server stops it does so right after its last
  /// write, which would drop bytes that the socket has not accepted, such as the end of a download to a slow client.
  /// - Returns: true within the grace period while a response is unsent: wait until ``responseSent()`` or
  ///   ``endGrace()`` returns true. Otherwise false: close now.
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

/// Hummingbird's close of a connection, while it has to wait: see ``ConnectionEnd/defersClose()``.
/// Loop-bound: call it on the connection's event loop.
final class DeferredClose {
  private var promise: EventLoopPromise<Void>?

  /// Defers a close until ``perform(on:)``. Several deferred closes are performed as one.
  /// - Parameter promise: completed with the close; nil when its outcome does not matter.
  func add(_ promise: EventLoopPromise<Void>?, on eventLoop: any EventLoop) {
    let close = self.promise ?? eventLoop.makePromise(of: Void.self)
    self.promise = close
    if let promise { close.futureResult.cascade(to: promise) }
  }

  /// Closes the connection, if a close was deferred; otherwise does nothing.
  /// - Parameter context: of the handler that deferred it; nil when the connection is gone: then the promises succeed.
  func perform(on context: ChannelHandlerContext?) {
    guard let close = promise else { return }
    promise = nil
    if let context { context.close(promise: close) } else { close.succeed() }
  }
}
