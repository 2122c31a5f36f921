import NIOHTTPTypes

/// How far a connection has come with the request that it serves: decides what to do with each part of a request, and
/// whether the connection can serve another one after the response.
enum RequestPhase: Equatable {
  /// Between requests; the headers of the next one may be incomplete. Next: ``forwarding``, ``downloading``,
  /// ``receiving``, ``skipping``, ``lingering``.
  case idle
  /// Hummingbird serves the request. Next: ``idle``.
  /// - Parameters:
  ///   - requestEnded: whether the end of the request has been forwarded.
  ///   - responded: whether Hummingbird has written the end of its response.
  case forwarding(requestEnded: Bool, responded: Bool)
  /// The handler itself looks for a file and sends it. Next: ``idle``, ``forwarding`` where there is no file,
  /// ``lingering``.
  /// - Parameter requestEnded: whether the end of the request has arrived.
  case downloading(requestEnded: Bool)
  /// The upload's body arrives. Next: ``storing``, ``skipping``, ``lingering``.
  case receiving
  /// The upload's body is complete, the response is not sent. Next: ``idle``, ``lingering``.
  case storing
  /// Responded before the end of the request. The rest of its body, from nothing to ``skipLimit``, is read and
  /// discarded. Next: ``idle``.
  case skipping
  /// The last response is sent; further input is read and discarded. Next: none.
  case lingering

  /// What the handler does with a part of a request that the decoder made.
  enum PartAction: Equatable {
    /// Nothing now: it is queued until the request before it is finished, or until the client reads responses.
    case wait
    /// Close the connection: the client has pipelined more than the queue or the memory budget accepts.
    case close
    /// Decide with ``RequestDisposition`` who serves it: it is a new request, of which only the headers are known.
    case route
    /// Forward it to Hummingbird, which serves its request.
    case forward
    /// Deliver it to the running upload: it is a chunk of the body.
    case deliver
    /// Store the running upload: its body is complete.
    case endBody
    /// Discard it: it belongs to a rejected body, or follows the last response.
    case discard
    /// Forward the postponed events to Hummingbird: the rest of a rejected body has been discarded. The next request
    /// may arrive.
    case finishSkipping
    /// Report to the lingering close that the body which is discarded after the last response is complete.
    case finishLingering
  }

  /// The longest rest of a rejected body, in bytes, that is read to keep the connection for the next request.
  static let skipLimit: UInt64 = 1024 * 1024

  var isForwarding: Bool { if case .forwarding = self { true } else { false } }
  var isDownloading: Bool { if case .downloading = self { true } else { false } }

  /// Whether a part must be queued although the queue is empty: only a request head, while another request is being
  /// served or skipped. Behind a queued part, all parts are queued.
  /// - Parameter canRespond: whether the client reads responses; while it does not, a request head waits in phase
  ///   ``idle``, too.
  func mustWait(_ part: HTTPRequestPart, canRespond: Bool) -> Bool {
    guard case .head = part else { return false }
    return switch self {
    case .idle: !canRespond
    case .lingering: false
    case .forwarding, .downloading, .receiving, .storing, .skipping: true
    }
  }

  /// Advances with a part that does not have to wait: see ``mustWait(_:canRespond:)``. A request head does not change
  /// the phase: the new phase depends on who serves the request.
  mutating func receive(_ part: HTTPRequestPart) -> PartAction {
    switch (self, part) {
    case (.idle, .head): return .route
    case (.forwarding(_, let responded), .end):
      self = responded ? .idle : .forwarding(requestEnded: true, responded: false)
      return .forward
    case (.forwarding, .head), (.forwarding, .body): return .forward
    case (.downloading, .end):
      self = .downloading(requestEnded: true)
      return .discard
    case (.receiving, .body): return .deliver
    case (.receiving, .end):
      self = .storing
      return .endBody
    case (.skipping, .end):
      self = .idle
      return .finishSkipping
    case (.lingering, .end): return .finishLingering
    case (.idle, _), (.downloading, _), (.receiving, .head), (.storing, _), (.skipping, _), (.lingering, _):
      return .discard
    }
  }

  /// Call it when a new request is forwarded to Hummingbird.
  mutating func forward() {
    self = .forwarding(requestEnded: false, responded: false)
  }

  /// Call it when Hummingbird has to serve the request of a download, because there is no such file.
  /// - Returns: whether the end of the request has arrived, which is to be forwarded too.
  mutating func handOver() -> Bool {
    guard case .downloading(let requestEnded) = self else { return false }
    self = .forwarding(requestEnded: requestEnded, responded: false)
    return requestEnded
  }

  /// Call it when Hummingbird has written the end of its response. Does nothing in phases other than ``forwarding``.
  mutating func endForwardedResponse() {
    guard case .forwarding(let requestEnded, _) = self else { return }
    self = requestEnded ? .idle : .forwarding(requestEnded: false, responded: true)
  }

  /// Call it when the handler itself, not Hummingbird, sends the final response to the request.
  /// - Parameters:
  ///   - remaining: bytes of the body that have not arrived; nil when their number is not known.
  ///   - mayContinue: whether client and server are willing to keep the connection.
  /// - Returns: whether the connection can serve another request; otherwise the phase is ``lingering``.
  mutating func respond(remaining: UInt64?, mayContinue: Bool) -> Bool {
    // The end of the body has not arrived yet, not even of an empty one.
    let canSkip = mayContinue && (remaining ?? .max) <= Self.skipLimit
    switch self {
    case .storing where mayContinue, .downloading(requestEnded: true) where mayContinue: self = .idle
    case .idle where canSkip, .downloading where canSkip, .receiving where canSkip: self = .skipping
    case .idle, .forwarding, .downloading, .receiving, .storing, .skipping, .lingering: self = .lingering
    }
    return self != .lingering
  }

  /// Whether this phase allows the connection to read from the socket.
  /// - Parameters:
  ///   - hasRoom: whether the running upload has room for more of the body.
  ///   - isWritable: whether the client reads responses. While it does not, nothing is read in phase ``idle``.
  func allowsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    switch self {
    case .receiving: hasRoom
    case .idle: isWritable
    case .storing: false
    case .forwarding, .downloading, .skipping, .lingering: true
    }
  }
}
