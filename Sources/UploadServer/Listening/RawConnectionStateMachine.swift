import NIOCore

/// The state of a raw connection: a pure state machine in the event loop's time.
///
/// FIN is the only end of a raw upload, so a transfer that was interrupted with a FIN looks complete; only a reset shows the
/// interruption. A connection without any byte stores nothing.
struct RawConnectionStateMachine {
  /// What to do when the client closes its sending side or the server stops.
  enum EndAction: Equatable {
    case ignore
    /// The upload is complete.
    case endBody
    /// The upload gets its grace period.
    case startGrace
    /// Reject the connection: no byte arrived.
    case reject
    case close
  }

  /// What follows the response.
  enum NextStep: Equatable {
    case ignore
    /// Close once the response is sent: the client has closed its sending side.
    case closeWhenSent
    /// Read and discard further input, so that the response reaches the client.
    case linger
  }

  private enum Phase {
    /// - Parameter hasBegun: whether a byte has arrived.
    case receiving(hasBegun: Bool)
    case storing, responded
  }

  /// When to close a connection without a byte.
  private let idleDeadline: NIODeadline
  private var phase = Phase.receiving(hasBegun: false)
  private var demand = ReadDemand()
  private(set) var isStopping = false

  /// - Parameter idleDeadline: when to close a connection on which no byte has arrived.
  init(idleDeadline: NIODeadline) {
    self.idleDeadline = idleDeadline
  }

  var isReceiving: Bool { if case .receiving = phase { true } else { false } }

  /// Bytes arrived.
  /// - Returns: whether they are the first of the upload; nil when they must be discarded.
  mutating func receive() -> Bool? {
    guard case .receiving(let hasBegun) = phase else { return nil }
    phase = .receiving(hasBegun: true)
    return !hasBegun
  }

  /// A handler asks to read from the socket.
  /// - Parameter hasRoom: whether the upload has room for more bytes.
  /// - Returns: whether to read now; otherwise the read is pending until ``resumesReading(hasRoom:)``.
  mutating func reads(hasRoom: Bool) -> Bool {
    demand.request(isAllowed: !isReceiving || hasRoom)
  }

  /// Whether to read now. Ask when a condition that reads depend on may have changed.
  mutating func resumesReading(hasRoom: Bool) -> Bool {
    demand.resume(isAllowed: !isReceiving || hasRoom)
  }

  /// The client closed its sending side.
  mutating func closeInput() -> EndAction {
    switch phase {
    case .receiving(let hasBegun):
      phase = .storing
      return hasBegun ? .endBody : .reject
    case .storing: return .ignore
    case .responded: return .close
    }
  }

  /// The response is about to be sent.
  mutating func respond() -> NextStep {
    defer { phase = .responded }
    switch phase {
    case .receiving: return .linger
    case .storing: return .closeWhenSent
    case .responded: return .ignore
    }
  }

  /// The server stops. Only the first call has an effect.
  mutating func stop() -> EndAction {
    guard !isStopping else { return .ignore }
    isStopping = true
    switch phase {
    case .receiving(let hasBegun): return hasBegun ? .startGrace : .close
    case .storing: return .startGrace
    case .responded: return .close
    }
  }

  /// When the timer must fire next; nil when no limit applies any more.
  /// - Parameter paceDeadline: when to check the pace of the running upload.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    isReceiving ? paceDeadline ?? idleDeadline : nil
  }

  /// Whether to close the connection, because no byte has arrived in time.
  func isIdle(at now: NIODeadline) -> Bool {
    guard case .receiving(hasBegun: false) = phase else { return false }
    return now >= idleDeadline
  }
}
