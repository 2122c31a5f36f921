import HTTPTypes
import NIOCore
import UploadCore

/// Everything one HTTP connection knows, and what to do with each event: a pure state machine in the event loop's time.
///
/// Requests are served strictly one after the other, either by an upload or by Hummingbird; what a client pipelines behind
/// one waits in the ``RequestQueue``. The handler reports events and carries out the actions that they return.
///
/// Each subject has a machine of its own: ``RequestPhase``, ``PipelinedParts``, ``DecodedInput``, ``ReadDemand``,
/// ``ConnectionTimeLimits`` and ``ConnectionEnd``. This one says what an event of the connection means for each of them.
struct ConnectionStateMachine {
  /// What follows a response.
  enum NextStep: Equatable {
    /// The next request may come.
    case nextRequest
    /// The client has closed its side, so nothing more arrives: close.
    case close
    /// Read and discard what is left, then close: see ``LingeringCloseStateMachine``.
    /// - Parameter bodyHasEnded: the end of the request has already been received.
    case linger(LingeringCloseStateMachine.Remainder, bodyHasEnded: Bool)
  }

  /// The request being served.
  var request = CurrentRequest()
  /// The last client of this connection that presented the right token; nil while none has.
  private(set) var authenticatedClient: String?
  private var phase = RequestPhase.idle
  private var pipeline = PipelinedParts()
  private var input = DecodedInput()
  private var demand = ReadDemand()
  private var limits: ConnectionTimeLimits
  private var end = ConnectionEnd()

  /// The times are those of ``ConnectionTimeLimits``.
  init(idleTime: TimeAmount, headerTime: TimeAmount, at now: NIODeadline) {
    limits = ConnectionTimeLimits(idleTime: idleTime, headerTime: headerTime, at: now)
  }

  var isReceiving: Bool { phase == .receiving }
  var isLingering: Bool { phase == .lingering }
  var isStopping: Bool { end.isStopping }
  /// No request is being served, and none waits.
  var isAtRest: Bool { phase == .idle && pipeline.isEmpty }
  /// Hummingbird serves the request.
  var isForwarding: Bool { phase.isForwarding }
  /// The request is an upload without a response yet.
  var isServingUpload: Bool { phase == .receiving || phase == .storing }
  /// Whether the connection continues after the request, as far as client and server wish.
  var keepsConnection: Bool { request.keepAlive && !isStopping }
  /// Between requests, whether requests wait only for the client to read responses.
  var waitsForClient: Bool { phase == .idle && !pipeline.isEmpty }

  // MARK: Requests

  /// The decoder made a part of a request.
  /// - Parameter canRespond: whether the client reads responses; while it does not, a new request waits.
  mutating func receive(_ part: RequestPart, canRespond: Bool, at now: NIODeadline) -> RequestPhase.PartAction {
    // What arrives after the last response does not prolong the connection.
    if !isLingering { limits.noteActivity(at: now) }
    input.note(part)
    guard pipeline.isEmpty, !phase.holdsBack(part, canRespond: canRespond) else {
      pipeline.enqueue(part)
      return .wait
    }
    return serve(part)
  }

  /// Begins to take parts from the queue.
  /// - Returns: false while that is under way; see ``PipelinedParts/beginDraining()``.
  mutating func beginDraining() -> Bool {
    pipeline.beginDraining()
  }

  /// Takes the first part of the queue; nil when there is none, or it has to wait.
  mutating func receiveQueued(_ part: RequestPart?, canRespond: Bool) -> RequestPhase.PartAction? {
    guard pipeline.isDraining, let part, !phase.holdsBack(part, canRespond: canRespond) else { return nil }
    pipeline.dequeue(part)
    return serve(part)
  }

  /// - Returns: whether Hummingbird has to be told that a read is complete: the one in which it got these parts is over.
  mutating func endDraining() -> Bool {
    pipeline.endDraining() && isForwarding
  }

  private mutating func serve(_ part: RequestPart) -> RequestPhase.PartAction {
    let action = phase.receive(part)
    switch action {
    case .deliver: if case .body(let count) = part { request.received += UInt64(count) }
    // The queue continues with the next request by itself.
    case .finishSkipping: if pipeline.isDraining { return .discard }
    // The decoder would keep what follows.
    case .finishLingering: input.ignoreRest()
    case .wait, .route, .forward, .endBody, .discard: break
    }
    return action
  }

  /// The headers of the next request are complete.
  mutating func begin(_ request: CurrentRequest) {
    limits.endHeaders()
    self.request = request
  }

  /// The client of this request presented the right token.
  mutating func authenticate() {
    authenticatedClient = request.client.key
  }

  /// Hummingbird serves the request.
  mutating func forwardRequest() {
    phase.forward()
  }

  /// The request is an upload.
  mutating func beginUpload() {
    phase.beginUpload()
  }

  /// Whether a client that waits for `100 Continue` gets it now. It does once there is room for the body: a full disk is
  /// known by then.
  mutating func continues(hasRoom: Bool) -> Bool {
    guard phase == .receiving, request.expectsContinue, !request.wasContinued, hasRoom else { return false }
    request.wasContinued = true
    return true
  }

  // MARK: Responses

  /// The handler sends the final response to the request itself.
  /// - Parameter isTimeout: the request timed out, which ends the connection.
  mutating func respond(isTimeout: Bool, at now: NIODeadline) -> NextStep {
    // After the client has closed its side, only what it had pipelined before is still to be served.
    let isLast = end.inputIsClosed && pipeline.isEmpty
    // A client that waits in vain for 100 Continue may or may not send its body: that connection cannot go on.
    let mayNotSend = request.expectsContinue && request.received == 0
    let isComplete = phase == .storing
    let remaining = isComplete ? 0 : mayNotSend ? nil : request.remaining
    end.responseWritten()
    limits.noteResponse(at: now)
    let mayContinue = keepsConnection && !isLast && !isTimeout
    if phase.respond(remaining: remaining, mayContinue: mayContinue) { return .nextRequest }
    let bodyHasEnded = pipeline.hasEnd
    pipeline.removeAll()
    if end.inputIsClosed { return .close }
    if isComplete || (!mayNotSend && !ignoresInput && remaining == 0) {
      return .linger(.nothing, bodyHasEnded: bodyHasEnded)
    }
    return .linger(mayNotSend || ignoresInput ? .unknown : .body, bodyHasEnded: bodyHasEnded)
  }

  /// Adds to the head of Hummingbird's response what depends on the request and the connection.
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
  /// - Returns: whether a close that was held is due.
  mutating func responseSent(at now: NIODeadline) -> Bool {
    if !isLingering { limits.noteActivity(at: now) }
    return end.responseSent()
  }

  // MARK: Reading

  /// Nothing behind what has been decoded is looked at: the last request is complete, or the input cannot be read.
  var ignoresInput: Bool { input.isIgnored }
  /// Parts of requests that were decoded since the last ``beginDecoding()``.
  var decodedParts: Int { input.parts }
  /// Whether headers may follow in what is decoded next. In the body of an accepted upload they are not looked for.
  var mayReceiveHeaders: Bool { input.expectsHeaders || !(isReceiving || isLingering) }
  /// Whether what was decoded last is headers that are not complete.
  var isInHeaders: Bool { input.isInHeaders }

  /// A handler wants to read from the socket.
  /// - Parameters:
  ///   - hasRoom: whether the running upload can take bytes.
  ///   - isWritable: whether the client reads responses. One that does not gets no more requests read either.
  /// - Returns: whether to read now; otherwise ``resumesReading(hasRoom:isWritable:)`` will say so.
  mutating func reads(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.request(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable))
  }

  /// Whether to read because what was against it may be gone.
  mutating func resumesReading(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.resume(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable), isWanted: isReceiving)
  }

  /// Whether to read on when a read is complete: Hummingbird may hold its own reads back, and a body must not wait for it.
  func readsOn(hasRoom: Bool, isWritable: Bool) -> Bool {
    (isReceiving || isLingering) && allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  private func allowsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    pipeline.isEmpty && phase.allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  /// Bytes arrived; they have not been decoded yet.
  mutating func bytesArrived(at now: NIODeadline) {
    if isAtRest { limits.beginHeaders(at: now) }
  }

  /// A piece of them goes to the decoder.
  mutating func beginDecoding() {
    input.beginDecoding()
  }

  /// The bytes that arrived have been decoded.
  /// - Returns: whether the timer has to be set, because headers have begun and are not complete.
  mutating func bytesDecoded() -> Bool {
    if isAtRest { return limits.continueHeaders() }
    limits.endHeaders()
    return false
  }

  // MARK: Time

  /// When the timer should fire next; nil when no limit applies any more.
  /// - Parameter paceDeadline: when to check the pace of the running upload.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    limits.deadline(in: phase, paceDeadline: paceDeadline)
  }

  /// The timer fired.
  /// - Parameter hasUnreadResponse: the client has yet to read a response: it is slow, not idle.
  mutating func timerFired(hasUnreadResponse: Bool, at now: NIODeadline) -> ConnectionTimeLimits.Action {
    limits.timerFired(in: phase, hasUnreadResponse: end.hasUnsentResponses || hasUnreadResponse, at: now)
  }

  /// A request whose headers are not complete is rejected.
  mutating func rejectUnfinishedHeaders(of client: ClientAddress) {
    limits.endHeaders()
    input.ignoreRest()
    request = CurrentRequest(client: client)
  }

  // MARK: Ends

  /// The server stops.
  mutating func stop() -> ConnectionEnd.Action {
    end.stop(in: phase)
  }

  /// Running uploads have used up their grace period.
  /// - Returns: whether a close that was held is due, once they have failed.
  mutating func endGrace() -> Bool {
    end.endGrace()
  }

  /// The client has closed its sending side.
  mutating func closeInput() -> ConnectionEnd.Action {
    end.closeInput(in: phase, isAtRest: isAtRest)
  }

  /// The events that Hummingbird was not to get in the middle of a request.
  mutating func takeHeldEvents() -> (shutdown: Bool, endOfInput: Bool) {
    guard phase == .idle else { return (false, false) }
    return end.takeHeldEvents()
  }

  /// Hummingbird wants to close the connection.
  /// - Returns: whether the close has to wait; see ``ConnectionEnd/holdsClose()``.
  mutating func holdsClose() -> Bool {
    end.holdsClose()
  }

  /// The input cannot be read: the decoder accepts nothing more.
  mutating func fail(_ error: UploadError, of client: ClientAddress) -> ConnectionEnd.Action {
    input.ignoreRest()
    // Earlier requests are still being served or wait; closing now would lose their responses.
    if isForwarding || waitsForClient {
      input.retain(error)
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
    guard !isForwarding, let error = input.takeError() else { return nil }
    return request.keepAlive || phase != .idle ? error : nil
  }
}
