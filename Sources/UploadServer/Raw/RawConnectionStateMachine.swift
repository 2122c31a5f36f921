import NIOCore

/// What a raw connection knows: a pure state machine in the event loop's time.
///
/// FIN is the only end of a raw upload, so a transfer that was cut with a FIN looks complete; only a reset does not. A
/// connection that brings no byte at all stores nothing.
struct RawConnectionStateMachine {
  /// What to do when the client closes its side.
  enum EndAction: Equatable {
    case ignore
    /// The upload is complete.
    case endBody
    /// No byte arrived: reject.
    case reject
    case close
  }

  /// What follows the response.
  enum NextStep: Equatable {
    case ignore
    /// Close once the response is sent: the client has closed its side.
    case closeWhenSent
    /// Read and discard what still arrives, so that the response reaches the client.
    case linger
  }

  private enum Phase {
    /// - Parameter hasBegun: whether a byte has arrived.
    case receiving(hasBegun: Bool)
    case storing, responded
  }

  private let idleTime: TimeAmount
  private var phase = Phase.receiving(hasBegun: false)
  private var demand = ReadDemand()
  private(set) var isStopping = false
  private var lastActivity: NIODeadline

  init(idleTime: TimeAmount, at now: NIODeadline) {
    self.idleTime = idleTime
    lastActivity = now
  }

  var isReceiving: Bool { if case .receiving = phase { true } else { false } }

  /// Bytes arrived.
  /// - Returns: whether they are the first of the upload; nil when they are to be discarded.
  mutating func receive(at now: NIODeadline) -> Bool? {
    guard case .receiving(let hasBegun) = phase else { return nil }
    phase = .receiving(hasBegun: true)
    lastActivity = now
    return !hasBegun
  }

  /// A handler wants to read from the socket.
  /// - Returns: whether to read now; otherwise ``resumesReading(hasRoom:)`` will say so.
  mutating func reads(hasRoom: Bool) -> Bool {
    demand.request(isAllowed: !isReceiving || hasRoom)
  }

  /// Whether to read because what was against it may be gone.
  mutating func resumesReading(hasRoom: Bool) -> Bool {
    demand.resume(isAllowed: !isReceiving || hasRoom)
  }

  /// The client closed its side.
  mutating func closeInput() -> EndAction {
    switch phase {
    case .receiving(let hasBegun):
      phase = .storing
      return hasBegun ? .endBody : .reject
    case .storing: return .ignore
    case .responded: return .close
    }
  }

  /// The response is sent.
  mutating func respond() -> NextStep {
    defer { phase = .responded }
    switch phase {
    case .receiving: return .linger
    case .storing: return .closeWhenSent
    case .responded: return .ignore
    }
  }

  /// The server stops.
  /// - Returns: whether to close at once, because no upload has begun; nil when it stops already.
  mutating func stop() -> Bool? {
    guard !isStopping else { return nil }
    isStopping = true
    if case .receiving(hasBegun: false) = phase { return true }
    if case .responded = phase { return true }
    return false
  }

  /// When to look at the connection next; nil when nothing is to be looked at any more.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    switch phase {
    case .receiving: paceDeadline ?? lastActivity + idleTime
    case .storing: lastActivity + idleTime
    case .responded: nil
    }
  }

  /// The deadline has come.
  /// - Returns: whether the connection has been idle for too long without an upload.
  mutating func timerFired(at now: NIODeadline) -> Bool {
    switch phase {
    case .receiving(let hasBegun): return !hasBegun && now - lastActivity >= idleTime
    case .storing:
      lastActivity = now
      return false
    case .responded: return false
    }
  }
}
