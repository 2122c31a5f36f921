import NIOCore
import NIOHTTPTypes

/// A part of a request, without its content.
enum RequestPart: Equatable {
  /// - Parameter isLast: whether the request says that the connection ends with it.
  case head(isLast: Bool)
  /// A chunk of the body, with its length in bytes.
  case body(Int)
  case end
}

extension HTTPRequestPart {
  /// What ``ConnectionStateMachine`` needs to know of it.
  var kind: RequestPart {
    switch self {
    case .head(let request): .head(isLast: request.closesConnection)
    case .body(let bytes): .body(bytes.readableBytes)
    case .end: .end
    }
  }
}

/// How far a connection has come with the request that it serves: decides what becomes of each part of a request, and
/// whether the connection can serve another one after the response.
enum RequestPhase: Equatable {
  /// Between requests. Next: ``forwarding``, ``receiving``, ``skipping``, ``lingering``.
  case idle
  /// Hummingbird serves the request. Next: ``idle``.
  case forwarding(requestEnded: Bool, responded: Bool)
  /// The upload's body arrives. Next: ``storing``, ``skipping``, ``lingering``.
  case receiving
  /// The upload's body is complete, the response is not sent. Next: ``idle``, ``lingering``.
  case storing
  /// Responded before the end of the body; the little that is left of it is read and discarded. Next: ``idle``.
  case skipping
  /// The last response is sent; what still arrives is read and discarded. Next: none.
  case lingering

  /// What to do with a part of a request.
  enum PartAction: Equatable {
    /// Put it into the queue: the request before it is not finished.
    case wait
    /// A new request: find out who serves it.
    case route
    /// It is part of a request that Hummingbird serves.
    case forward
    /// It is part of the body of the running upload.
    case deliver
    /// The body of the running upload is complete.
    case endBody
    /// Discard it.
    case discard
    /// The rest of a rejected body has been discarded. The next request may come.
    case finishSkipping
    /// The body that is discarded after the last response is complete.
    case finishLingering
  }

  /// The rest of a rejected body is read to keep the connection if it is at most this long, in bytes.
  static let skipLimit: UInt64 = 1024 * 1024

  var isForwarding: Bool { if case .forwarding = self { true } else { false } }

  /// Whether a part must wait until the request before it is finished: only a new request does.
  /// - Parameter canRespond: whether the client reads responses; while it does not, a new request waits as well.
  func holdsBack(_ part: RequestPart, canRespond: Bool) -> Bool {
    guard case .head = part else { return false }
    return switch self {
    case .idle: !canRespond
    case .lingering: false
    case .forwarding, .receiving, .storing, .skipping: true
    }
  }

  /// A part arrived that does not have to wait. The head of a new request leaves the phase as it is: see ``forward()``,
  /// ``beginUpload()`` and ``respond(remaining:mayContinue:)``.
  mutating func receive(_ part: RequestPart) -> PartAction {
    switch (self, part) {
    case (.idle, .head): return .route
    case (.idle, .body), (.idle, .end): return .discard
    case (.forwarding(_, let responded), .end):
      self = responded ? .idle : .forwarding(requestEnded: true, responded: false)
      return .forward
    case (.forwarding, .head), (.forwarding, .body): return .forward
    case (.receiving, .end):
      self = .storing
      return .endBody
    case (.receiving, .body): return .deliver
    case (.receiving, .head), (.storing, _): return .discard
    case (.skipping, .end):
      self = .idle
      return .finishSkipping
    case (.skipping, .head), (.skipping, .body): return .discard
    case (.lingering, .end): return .finishLingering
    case (.lingering, .head), (.lingering, .body): return .discard
    }
  }

  /// Hummingbird serves the new request.
  mutating func forward() {
    self = .forwarding(requestEnded: false, responded: false)
  }

  /// The new request is an upload.
  mutating func beginUpload() {
    self = .receiving
  }

  /// Hummingbird has written the end of its response.
  mutating func endForwardedResponse() {
    guard case .forwarding(let requestEnded, _) = self else { return }
    self = requestEnded ? .idle : .forwarding(requestEnded: false, responded: true)
  }

  /// The server itself responds to the request.
  /// - Parameters:
  ///   - remaining: bytes of the body that have not arrived; nil when their number is not known.
  ///   - mayContinue: whether client and server are willing to keep the connection.
  /// - Returns: whether the connection serves another request; otherwise the phase is ``lingering``.
  mutating func respond(remaining: UInt64?, mayContinue: Bool) -> Bool {
    switch self {
    case .storing where mayContinue: self = .idle
    // Even an empty body has its end still to come.
    case .idle where mayContinue && (remaining ?? .max) <= Self.skipLimit,
      .receiving where mayContinue && (remaining ?? .max) <= Self.skipLimit:
      self = .skipping
    case .idle, .forwarding, .receiving, .storing, .skipping, .lingering:
      self = .lingering
      return false
    }
    return true
  }

  /// Whether to read from the socket.
  /// - Parameters:
  ///   - hasRoom: whether the running upload can take bytes.
  ///   - isWritable: whether the client reads responses. One that does not gets no more requests read either.
  func allowsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    switch self {
    case .receiving: hasRoom
    case .idle: isWritable
    case .storing: false
    case .forwarding, .skipping, .lingering: true
    }
  }
}
