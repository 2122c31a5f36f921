import NIOCore
import NIOHTTPTypes
import UploadCore

/// Everything one HTTP connection knows, and what to do with each event: a pure state machine in the event loop's time.
///
/// Requests are served strictly one after the other, either by an upload or by Hummingbird; what a client pipelines behind
/// one waits in the ``RequestQueue``. The handler reports events and carries out the actions that they return.
struct ConnectionStateMachine {
  /// A part of a request, without its content.
  enum Part: Equatable {
    /// - Parameter isLast: whether the request says that the connection ends with it.
    case head(isLast: Bool)
    /// A piece of the body, with its length in bytes.
    case body(Int)
    case end
  }

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

  /// What follows a response.
  enum NextStep: Equatable {
    /// The next request may come.
    case nextRequest
    /// The client has closed its side, so nothing more comes: close.
    case close
    /// Read and discard what is left, then close: see ``LingeringCloseStateMachine``.
    /// - Parameter bodyHasEnded: the end of the request has already been received.
    case linger(LingeringCloseStateMachine.Remainder, bodyHasEnded: Bool)
  }

  /// What to do when the timer fires.
  enum TimerAction: Equatable {
    case none
    /// Look whether the client of the running upload is silent or too slow.
    case checkPace
    /// Reject a request whose headers did not become complete in time.
    case rejectLateHeaders
    case close
  }

  /// What to do with an event that Hummingbird may have to get as well.
  enum EventAction: Equatable {
    case ignore
    /// Hummingbird gets it now.
    case forward
    /// Hummingbird gets it when the running request is finished: it would close the connection.
    case hold
    /// The running upload fails.
    case failUpload
    case close
  }

  /// What to do about input that cannot be read.
  enum ErrorAction: Equatable {
    case ignore
    case failUpload
    case reject
    case close
  }

  private enum Phase: Equatable {
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
  }

  private enum Shutdown {
    case none, started
    /// Running uploads have used up their time.
    case graceIsOver
  }

  /// The rest of a rejected body is read to keep the connection if it is at most this long, in bytes.
  static let skipLimit: UInt64 = 1024 * 1024
  /// How long that may take.
  static let skipTime = TimeAmount.seconds(30)

  /// The request being served.
  var request = CurrentRequest()
  /// The last client of this connection that presented the right token; nil while none has.
  private(set) var authenticatedClient: String?
  /// Nothing behind what has been decoded is looked at: the last request is complete, or the input cannot be read.
  private(set) var ignoresInput = false
  /// Parts of requests that were decoded since the last ``beginDecoding()``.
  private(set) var decodedParts = 0

  private let idleTime: TimeAmount
  private let headerTime: TimeAmount
  private var phase = Phase.idle
  private var shutdown = Shutdown.none
  /// Hummingbird has yet to learn of the shutdown.
  private var shutdownIsHeld = false
  private var inputIsClosed = false
  /// Hummingbird has yet to learn of that.
  private var endOfInputIsHeld = false
  private var queuedParts = 0
  private var queuedEnds = 0
  private var isDraining = false
  private var readIsHeld = false
  private var closeIsHeld = false
  private var incomingIsLast = false
  private var expectsHeaders = true
  /// Input behind a request of Hummingbird's that cannot be read: rejected when its turn comes.
  private var unreadable: UploadError?
  /// Responses that the socket has not taken whole.
  private var unsentResponses = 0
  private var lastActivity: NIODeadline
  private var respondedAt: NIODeadline
  /// When the headers that are not complete began to arrive.
  private var headersBeganAt: NIODeadline? {
    didSet { if headersBeganAt == nil { headersAreTimed = false } }
  }
  /// The timer has been set for them.
  private var headersAreTimed = false

  /// - Parameters:
  ///   - idleTime: after which a connection without a request is closed.
  ///   - headerTime: in which the headers of a request must be complete.
  init(idleTime: TimeAmount, headerTime: TimeAmount, at now: NIODeadline) {
    self.idleTime = idleTime
    self.headerTime = headerTime
    (lastActivity, respondedAt) = (now, now)
  }

  var isReceiving: Bool { phase == .receiving }
  var isLingering: Bool { phase == .lingering }
  var isStopping: Bool { shutdown != .none }
  /// No request is being served, and none waits.
  var isAtRest: Bool { phase == .idle && queuedParts == 0 }
  /// Hummingbird serves the request.
  var isForwarding: Bool { if case .forwarding = phase { true } else { false } }
  /// The request is an upload without a response yet.
  var isServingUpload: Bool { phase == .receiving || phase == .storing }
  /// Whether the connection goes on after the request, as far as client and server wish.
  var keepsConnection: Bool { request.keepAlive && !isStopping }
}

// MARK: - Requests

extension ConnectionStateMachine {
  /// Takes a part from the decoder.
  /// - Parameter canRespond: whether the client takes responses; while it does not, a new request waits.
  mutating func receive(_ part: Part, canRespond: Bool, at now: NIODeadline) -> PartAction {
    // What arrives after the last response does not prolong the connection.
    if !isLingering { lastActivity = now }
    decodedParts += 1
    switch part {
    case .head(let isLast): (incomingIsLast, expectsHeaders) = (isLast, false)
    case .body: break
    case .end:
      expectsHeaders = true
      if incomingIsLast { ignoresInput = true }
    }
    guard queuedParts == 0, !mustWait(part, canRespond: canRespond) else {
      queuedParts += 1
      if part == .end { queuedEnds += 1 }
      return .wait
    }
    return take(part)
  }

  /// Begins to take parts from the queue.
  /// - Returns: false while that is under way: a response within it goes on in the outer loop, since thousands of requests
  ///   that are served at once would be as many calls deep.
  mutating func beginDraining() -> Bool {
    guard !isDraining else { return false }
    isDraining = queuedParts > 0
    return true
  }

  /// Takes the first part of the queue; nil when there is none, or it has to wait.
  mutating func receiveQueued(_ part: Part?, canRespond: Bool) -> PartAction? {
    guard isDraining, let part, !mustWait(part, canRespond: canRespond) else { return nil }
    queuedParts -= 1
    if part == .end { queuedEnds -= 1 }
    return take(part)
  }

  /// - Returns: whether Hummingbird has to be told that a read is complete: the one in which it got these parts is over.
  mutating func endDraining() -> Bool {
    guard isDraining else { return false }
    isDraining = false
    return isForwarding
  }

  private func mustWait(_ part: Part, canRespond: Bool) -> Bool {
    guard case .head = part else { return false }
    return switch phase {
    case .idle: !canRespond
    case .lingering: false
    case .forwarding, .receiving, .storing, .skipping: true
    }
  }

  private mutating func take(_ part: Part) -> PartAction {
    switch (phase, part) {
    case (.idle, .head): return .route
    case (.idle, .body), (.idle, .end): return .discard
    case (.forwarding(_, let responded), .end):
      phase = responded ? .idle : .forwarding(requestEnded: true, responded: false)
      return .forward
    case (.forwarding, .head), (.forwarding, .body): return .forward
    case (.receiving, .end):
      phase = .storing
      return .endBody
    case (.receiving, .body(let count)):
      request.received += UInt64(count)
      return .deliver
    case (.receiving, .head), (.storing, _): return .discard
    case (.skipping, .end):
      phase = .idle
      return isDraining ? .discard : .finishSkipping
    case (.skipping, .head), (.skipping, .body): return .discard
    case (.lingering, .end):
      // The decoder would keep what follows.
      ignoresInput = true
      return .finishLingering
    case (.lingering, .head), (.lingering, .body): return .discard
    }
  }

  /// The headers of the next request are complete.
  mutating func begin(_ request: CurrentRequest) {
    headersBeganAt = nil
    self.request = request
  }

  /// The client of this request presented the right token.
  mutating func authenticate() {
    authenticatedClient = request.client.key
  }

  /// Hummingbird serves the request.
  mutating func forwardRequest() {
    phase = .forwarding(requestEnded: false, responded: false)
  }

  /// The request is an upload.
  mutating func beginUpload() {
    phase = .receiving
  }

  /// Whether a client that waits for `100 Continue` gets it now. It does once there is room for the body: a full disk is
  /// known by then.
  mutating func continues(hasRoom: Bool) -> Bool {
    guard phase == .receiving, request.expectsContinue, !request.wasContinued, hasRoom else { return false }
    request.wasContinued = true
    return true
  }
}

// MARK: - Responses

extension ConnectionStateMachine {
  /// The handler sends the final response to the request itself.
  /// - Parameter isTimeout: the request timed out, which ends the connection.
  mutating func respond(isTimeout: Bool, at now: NIODeadline) -> NextStep {
    // After the client has closed its side, only what it had pipelined before is still to be served.
    let isLast = inputIsClosed && queuedParts == 0
    // A client that waits in vain for 100 Continue may or may not send its body: that connection cannot go on.
    let mayNotSend = request.expectsContinue && request.received == 0
    let isComplete = phase == .storing
    let remaining = isComplete ? 0 : mayNotSend ? nil : request.remaining
    let goesOn = keepsConnection && !isLast && !isTimeout
    unsentResponses += 1
    (lastActivity, respondedAt) = (now, now)
    switch phase {
    case .storing where goesOn:
      phase = .idle
      return .nextRequest
    case .idle where goesOn && (remaining ?? .max) <= Self.skipLimit,
      .receiving where goesOn && (remaining ?? .max) <= Self.skipLimit:
      // Even an empty body has its end still to come.
      phase = .skipping
      return .nextRequest
    case .idle, .forwarding, .receiving, .storing, .skipping, .lingering: break
    }
    phase = .lingering
    let bodyHasEnded = queuedEnds > 0
    (queuedParts, queuedEnds) = (0, 0)
    if inputIsClosed { return .close }
    if isComplete || (!mayNotSend && !ignoresInput && remaining == 0) {
      return .linger(.nothing, bodyHasEnded: bodyHasEnded)
    }
    return .linger(mayNotSend || ignoresInput ? .unknown : .body, bodyHasEnded: bodyHasEnded)
  }

  /// Hummingbird has written the end of its response.
  mutating func endForwardedResponse(at now: NIODeadline) {
    unsentResponses += 1
    lastActivity = now
    guard case .forwarding(let requestEnded, _) = phase else { return }
    phase = requestEnded ? .idle : .forwarding(requestEnded: false, responded: true)
  }

  /// The socket has taken the end of a response.
  /// - Returns: whether a close that was held is due.
  mutating func responseSent(at now: NIODeadline) -> Bool {
    unsentResponses -= 1
    if !isLingering { lastActivity = now }
    return unsentResponses == 0 && releaseClose()
  }

  /// Between requests, whether requests wait only for the client to take responses.
  var waitsForClient: Bool { phase == .idle && queuedParts > 0 }

  /// The events that Hummingbird was not to get in the middle of a request.
  mutating func takeHeldEvents() -> (shutdown: Bool, endOfInput: Bool) {
    guard phase == .idle else { return (false, false) }
    defer { (shutdownIsHeld, endOfInputIsHeld) = (false, false) }
    return (shutdownIsHeld, endOfInputIsHeld)
  }

  /// Hummingbird wants to close the connection. It does so right behind its last write when the server stops, which drops
  /// what the socket has not taken: the end of a download to a slow client.
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

// MARK: - Reading

extension ConnectionStateMachine {
  /// Something wants to read from the socket.
  /// - Parameters:
  ///   - hasRoom: whether the running upload can take bytes.
  ///   - isWritable: whether the client takes responses. One that does not gets no more requests read either.
  /// - Returns: whether to read now; otherwise ``resumesReading(hasRoom:isWritable:)`` will say so.
  mutating func reads(hasRoom: Bool, isWritable: Bool) -> Bool {
    guard wantsRead(hasRoom: hasRoom, isWritable: isWritable) else {
      readIsHeld = true
      return false
    }
    return true
  }

  /// Whether to read because what was against it may be gone.
  mutating func resumesReading(hasRoom: Bool, isWritable: Bool) -> Bool {
    guard readIsHeld || isReceiving, wantsRead(hasRoom: hasRoom, isWritable: isWritable) else { return false }
    readIsHeld = false
    return true
  }

  /// Whether to read on when a read is complete: Hummingbird may hold its own reads back, and a body must not wait for it.
  func readsOn(hasRoom: Bool, isWritable: Bool) -> Bool {
    (isReceiving || isLingering) && wantsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  private func wantsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    guard queuedParts == 0 else { return false }
    return switch phase {
    case .receiving: hasRoom
    case .idle: isWritable
    case .storing: false
    case .forwarding, .skipping, .lingering: true
    }
  }

  /// Bytes arrived; they have not been decoded yet.
  mutating func bytesArrived(at now: NIODeadline) {
    if isAtRest, headersBeganAt == nil { headersBeganAt = now }
  }

  /// A piece of them goes to the decoder.
  mutating func beginDecoding() {
    decodedParts = 0
  }

  /// Whether headers may follow in what is decoded next. In the body of an accepted upload they are not looked for.
  var mayReceiveHeaders: Bool { expectsHeaders || !(isReceiving || isLingering) }

  /// Whether what was decoded last is headers that are not complete.
  var isInHeaders: Bool { expectsHeaders && decodedParts == 0 }

  /// The bytes that arrived have been decoded.
  /// - Returns: whether the timer has to be set, because headers have begun and are not complete.
  mutating func bytesDecoded() -> Bool {
    guard headersBeganAt != nil else { return false }
    guard isAtRest else {
      headersBeganAt = nil
      return false
    }
    defer { headersAreTimed = true }
    return !headersAreTimed
  }
}

// MARK: - Time

extension ConnectionStateMachine {
  /// When to look at the connection next; nil when nothing is to be looked at any more.
  /// - Parameter paceDeadline: when to look at the pace of the running upload.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    if isLingering { return nil }
    if isReceiving, let paceDeadline { return paceDeadline }
    if let headersBeganAt { return headersBeganAt + headerTime }
    let idleAt = lastActivity + idleTime
    return phase == .skipping ? min(idleAt, respondedAt + Self.skipTime) : idleAt
  }

  /// The deadline has come.
  /// - Parameter hasUnreadResponse: the client has yet to read a response: it is slow, not idle.
  mutating func timerFired(hasUnreadResponse: Bool, at now: NIODeadline) -> TimerAction {
    if isReceiving { return .checkPace }
    if let headersBeganAt { return now - headersBeganAt >= headerTime ? .rejectLateHeaders : .none }
    if phase == .skipping, now - respondedAt >= Self.skipTime { return .close }
    guard now - lastActivity >= idleTime else { return .none }
    let isUnread = unsentResponses > 0 || hasUnreadResponse
    if phase == .skipping || (phase == .idle && !isUnread) { return .close }
    lastActivity = now
    return .none
  }

  /// A request whose headers are not complete is rejected.
  mutating func rejectUnfinishedHeaders(of client: ClientAddress) {
    headersBeganAt = nil
    ignoresInput = true
    request = CurrentRequest(client: client)
  }
}

// MARK: - Ends

extension ConnectionStateMachine {
  /// The server stops.
  mutating func stop() -> EventAction {
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
  mutating func closeInput() -> EventAction {
    inputIsClosed = true
    if isLingering { return .close }
    if isReceiving { return .failUpload }
    endOfInputIsHeld = !isAtRest
    return endOfInputIsHeld ? .hold : .forward
  }

  /// The input cannot be read: the decoder takes nothing more.
  mutating func fail(_ error: UploadError, of client: ClientAddress) -> ErrorAction {
    ignoresInput = true
    // Earlier requests are still being served or wait; closing now would lose their responses.
    if isForwarding || waitsForClient {
      unreadable = error
      return .ignore
    }
    request.keepAlive = false
    switch phase {
    case .idle:
      request = CurrentRequest(client: client)
      // A connection that ends between requests is no error.
      return error.code == .incomplete ? .ignore : .reject
    case .receiving: return .failUpload
    case .skipping: return .close
    case .storing, .lingering, .forwarding: return .ignore
    }
  }

  /// The error whose turn it is, from input that could not be read. Behind a last response it has none.
  mutating func takeUnreadable() -> UploadError? {
    guard !isForwarding, let error = unreadable else { return nil }
    unreadable = nil
    return request.keepAlive || phase != .idle ? error : nil
  }
}

extension HTTPRequestPart {
  /// What ``ConnectionStateMachine`` needs to know of it.
  var kind: ConnectionStateMachine.Part {
    switch self {
    case .head(let request): .head(isLast: request.closesConnection)
    case .body(let bytes): .body(bytes.readableBytes)
    case .end: .end
    }
  }
}
