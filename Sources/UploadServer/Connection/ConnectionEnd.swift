/// How a connection ends: the shutdown of the server, the end of the client's input, and Hummingbird's close.
///
/// Hummingbird must not learn of the first two in the middle of a request, since it would close the connection; and its
/// close must not discard responses that are still being sent.
struct ConnectionEnd {
  /// What to do with an event that may end the connection. Some of them Hummingbird has to get as well.
  enum Action: Equatable {
    case ignore
    /// Hummingbird gets it now.
    case forward
    /// Hummingbird gets it when the running request is finished: see ``takeHeldEvents()``.
    case hold
    /// The running upload fails.
    case failUpload
    /// The request is rejected: it cannot be read.
    case reject
    case close
  }

  private enum Shutdown {
    case none, started
    /// Running uploads have used up their time.
    case graceIsOver
  }

  /// The client has closed its sending side.
  private(set) var inputIsClosed = false
  private var shutdown = Shutdown.none
  /// Hummingbird has yet to learn of the shutdown.
  private var shutdownIsHeld = false
  /// Hummingbird has yet to learn of the end of the input.
  private var endOfInputIsHeld = false
  /// Hummingbird's close waits until all responses are sent.
  private var closeIsHeld = false
  /// Responses that the socket has not accepted completely.
  private var unsentResponses = 0

  var isStopping: Bool { shutdown != .none }
  var hasUnsentResponses: Bool { unsentResponses > 0 }

  /// The server stops.
  mutating func stop(in phase: RequestPhase) -> Action {
    guard shutdown == .none else { return .ignore }
    shutdown = .started
    switch phase {
    case .lingering: return .close
    case .receiving, .storing, .skipping:
      shutdownIsHeld = true
      return .hold
    case .idle, .forwarding: return .forward
    }
  }

  /// Running uploads have used up their grace period.
  /// - Returns: whether a close that was held is due, once they have failed.
  mutating func endGrace() -> Bool {
    shutdown = .graceIsOver
    return releaseClose()
  }

  /// The client has closed its sending side.
  /// - Parameter isAtRest: whether no request is being served, and none is queued.
  mutating func closeInput(in phase: RequestPhase, isAtRest: Bool) -> Action {
    inputIsClosed = true
    switch phase {
    case .lingering: return .close
    case .receiving: return .failUpload
    case .idle, .forwarding, .storing, .skipping:
      endOfInputIsHeld = !isAtRest
      return endOfInputIsHeld ? .hold : .forward
    }
  }

  /// The events that are held, when the request is finished.
  mutating func takeHeldEvents() -> (shutdown: Bool, endOfInput: Bool) {
    defer { (shutdownIsHeld, endOfInputIsHeld) = (false, false) }
    return (shutdownIsHeld, endOfInputIsHeld)
  }

  /// The end of a response was written.
  mutating func responseWritten() {
    unsentResponses += 1
  }

  /// The socket has accepted the end of a response.
  /// - Returns: whether a close that was held is due.
  mutating func responseSent() -> Bool {
    unsentResponses -= 1
    return unsentResponses == 0 && releaseClose()
  }

  /// Hummingbird wants to close the connection. It does so right behind its last write when the server stops, which drops
  /// what the socket has not accepted: the end of a download to a slow client.
  /// - Returns: whether the close has to wait until all responses are sent or the grace period ends.
  mutating func holdsClose() -> Bool {
    guard isStopping, shutdown != .graceIsOver, unsentResponses > 0 else { return false }
    closeIsHeld = true
    return true
  }

  private mutating func releaseClose() -> Bool {
    defer { closeIsHeld = false }
    return closeIsHeld
  }
}
