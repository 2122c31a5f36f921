import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore

/// The state of one HTTP connection, and what to do with each event: a state machine in the event loop's time, without I/O.
///
/// Requests are served strictly one after the other, either by an upload or by Hummingbird; pipelined requests wait in the
/// ``RequestQueue``. The handler reports events and carries out the actions that they return.
///
/// Each subject has a type of its own: ``RequestPhase``, ``RequestQueue``, ``DecodedInput``, ``ReadDemand``,
/// ``ConnectionTimeLimits`` and ``ConnectionEnd``. This one says what an event of the connection means for each of them.
struct ConnectionStateMachine {
  /// What follows a response.
  enum NextStep: Equatable {
    /// The next request may arrive.
    case nextRequest
    /// The client has closed its sending side, so nothing more arrives: close.
    case close
    /// Read and discard the remaining input, then close: see ``LingeringCloseStateMachine``.
    case linger(LingeringCloseStateMachine.Remainder)
  }

  /// The request being served.
  var request = CurrentRequest()
  /// The last client of this connection that presented the right token; nil before the first.
  var authenticatedClient: String?
  var phase = RequestPhase.idle
  var input = DecodedInput()
  var end = ConnectionEnd()
  /// The pipelined requests behind the one being served.
  let queue: RequestQueue
  private var demand = ReadDemand()
  private var limits: ConnectionTimeLimits
  /// Why the input is malformed, until the requests before the error have their responses.
  private var unreadable: UploadError?

  init(limits: ConnectionTimeLimits, queue: RequestQueue) {
    self.limits = limits
    self.queue = queue
  }

  var isReceiving: Bool { phase == .receiving }
  var isLingering: Bool { phase == .lingering }
  var isForwarding: Bool { phase.isForwarding }
  var isStopping: Bool { end.isStopping }
  /// Whether no request is being served, and none is queued.
  var isAtRest: Bool { phase == .idle && queue.isEmpty }
  /// Whether the request is an upload without a response yet.
  var isServingUpload: Bool { phase == .receiving || phase == .storing }
  /// Whether both client and server are willing to keep the connection after the request.
  var keepsConnection: Bool { request.keepAlive && !isStopping }
  /// Between requests, whether queued requests wait only for the client to read responses.
  var waitsForClient: Bool { phase == .idle && !queue.isEmpty }

  // MARK: Requests

  /// The decoder made a part of a request. It is queued when it has to wait.
  /// - Parameter canRespond: whether the client reads responses; while it does not, a new request waits.
  mutating func receive(_ part: HTTPRequestPart, canRespond: Bool, at now: NIODeadline) -> RequestPhase.PartAction {
    // Input after the last response does not prolong the connection.
    if !isLingering { limits.noteActivity(at: now) }
    input.note(part)
    guard queue.isEmpty, !phase.mustWait(part, canRespond: canRespond) else {
      return queue.append(part) ? .wait : .close
    }
    return serve(part)
  }

  /// Removes the first part of the queue, and says what to do with it. Call it in a loop between
  /// ``RequestQueue/beginDraining()`` and ``RequestQueue/endDraining()``.
  /// - Returns: nil when the queue is empty, or the part has to wait.
  mutating func receiveQueued(canRespond: Bool) -> (part: HTTPRequestPart, action: RequestPhase.PartAction)? {
    guard let part = queue.first, !phase.mustWait(part, canRespond: canRespond) else { return nil }
    queue.removeFirst()
    return (part, serve(part))
  }

  private mutating func serve(_ part: HTTPRequestPart) -> RequestPhase.PartAction {
    let action = phase.receive(part)
    switch action {
    case .deliver: if case .body(let bytes) = part { request.received += UInt64(bytes.readableBytes) }
    // The loop over the queue continues with the next request by itself.
    case .finishSkipping: if queue.isDraining { return .discard }
    // The decoder would keep all input behind the last request.
    case .finishLingering: input.isIgnored = true
    case .wait, .close, .route, .forward, .endBody, .discard: break
    }
    return action
  }

  /// The headers of the next request are complete.
  mutating func begin(_ request: CurrentRequest) {
    limits.endHeaders()
    self.request = request
  }

  /// Whether to send `100 Continue` now: once, to a client that waits for it, and as soon as there is room for the body. A
  /// full disk is known by then.
  mutating func continues(hasRoom: Bool) -> Bool {
    guard isReceiving, request.expectsContinue, !request.wasContinued, hasRoom else { return false }
    request.wasContinued = true
    return true
  }

  // MARK: Responses

  /// The handler itself sends the final response to the request.
  /// - Parameter isTimeout: whether the request timed out, which ends the connection.
  mutating func respond(isTimeout: Bool, at now: NIODeadline) -> NextStep {
    let isStored = phase == .storing
    // After the client has closed its sending side, only the requests that it had pipelined before are served.
    let isLast = end.inputIsClosed && queue.isEmpty
    // A client that got no 100 Continue may or may not send its body, so it is unknown where the next request begins.
    let mayNotSend = request.expectsContinue && request.received == 0
    let remaining = mayNotSend ? nil : request.remaining
    end.responseWritten()
    limits.noteResponse(at: now)
    let mayContinue = keepsConnection && !isLast && !isTimeout
    if phase.respond(remaining: remaining, mayContinue: mayContinue) { return .nextRequest }
    let isComplete = isStored || queue.hasEnd || (remaining == 0 && !input.isIgnored)
    queue.removeAll()
    if end.inputIsClosed { return .close }
    if isComplete { return .linger(.nothing) }
    return .linger(mayNotSend || input.isIgnored ? .unknown : .body)
  }

  /// Adds to Hummingbird's response the header fields that depend on the request and the connection.
  /// - Returns: whether it rejects the request.
  func complete(_ response: inout HTTPResponse) -> Bool {
    request.complete(&response, closes: !keepsConnection)
    return isForwarding && response.status.isRejection
  }

  /// Hummingbird has written the end of its response.
  mutating func endForwardedResponse(at now: NIODeadline) {
    end.responseWritten()
    limits.noteActivity(at: now)
    phase.endForwardedResponse()
  }

  /// The socket has accepted the end of a response.
  /// - Returns: whether to perform the close that was waiting for it.
  mutating func responseSent(at now: NIODeadline) -> Bool {
    if !isLingering { limits.noteActivity(at: now) }
    return end.responseSent()
  }

  // MARK: Reading

  /// Whether headers may follow in the bytes that are decoded next: not in the body of an accepted upload, nor of a
  /// rejected one.
  var mayReceiveHeaders: Bool { input.expectsHeaders || !(isReceiving || isLingering) }

  /// A handler asks to read from the socket.
  /// - Parameters:
  ///   - hasRoom: whether the running upload has room for more of the body.
  ///   - isWritable: whether the client reads responses. While it does not, no further request is read.
  /// - Returns: whether to read now; otherwise the read is pending until ``resumesReading(hasRoom:isWritable:)``.
  mutating func reads(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.request(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable))
  }

  /// Whether to read now. Ask when a condition that reads depend on may have changed.
  mutating func resumesReading(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.resume(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable), isWanted: isReceiving)
  }

  /// Whether to read again when a read is complete: Hummingbird may delay its own reads, and a body must not wait for them.
  func readsOn(hasRoom: Bool, isWritable: Bool) -> Bool {
    (isReceiving || isLingering) && allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  private func allowsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    queue.isEmpty && phase.allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  /// Bytes arrived; they have not been decoded yet.
  mutating func bytesArrived(at now: NIODeadline) {
    if isAtRest { limits.beginHeaders(at: now) }
  }

  /// The bytes that arrived have been decoded.
  /// - Returns: whether the timer has to be set, because headers have begun and are not complete.
  mutating func bytesDecoded() -> Bool {
    if isAtRest { return limits.continueHeaders() }
    limits.endHeaders()
    return false
  }

  // MARK: Time

  /// When the timer must fire next; nil when no limit applies any more.
  /// - Parameter paceDeadline: when to check the pace of the running upload.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    limits.deadline(in: phase, paceDeadline: paceDeadline)
  }

  /// The timer fired.
  /// - Parameter hasUnreadResponse: whether the client has yet to read a response: it is slow, not idle.
  mutating func timerFired(hasUnreadResponse: Bool, at now: NIODeadline) -> ConnectionTimeLimits.Action {
    limits.timerFired(in: phase, hasUnreadResponse: end.hasUnsentResponses || hasUnreadResponse, at: now)
  }

  /// A request whose headers are not complete is rejected. The response is still to be sent.
  mutating func rejectUnfinishedHeaders(of client: ClientAddress) {
    limits.endHeaders()
    input.isIgnored = true
    request = CurrentRequest(client: client)
  }

  // MARK: Ends

  /// The server stops.
  mutating func stop() -> ConnectionEnd.Action {
    end.stop(in: phase)
  }

  /// The client has closed its sending side.
  mutating func closeInput() -> ConnectionEnd.Action {
    end.closeInput(in: phase, isAtRest: isAtRest)
  }

  /// Returns once, between requests, the events that were withheld from Hummingbird while a request was being served.
  mutating func takeDeferredEvents() -> (shutdown: Bool, endOfInput: Bool) {
    guard phase == .idle else { return (false, false) }
    return end.takeDeferredEvents()
  }

  /// The input is malformed: the decoder accepts nothing more.
  mutating func fail(_ error: UploadError, of client: ClientAddress) -> ConnectionEnd.Action {
    input.isIgnored = true
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

  /// Returns once, after the requests before it have their responses, the error of malformed input; nil when there is none,
  /// and after a last response.
  mutating func takeUnreadable() -> UploadError? {
    guard !isForwarding, let error = unreadable else { return nil }
    unreadable = nil
    return request.keepAlive || phase != .idle ? error : nil
  }
}
