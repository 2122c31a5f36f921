import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol

/// The state of one HTTP connection, and what to do with each event: a pure state machine without I/O. The caller
/// passes the event loop's time.
///
/// Requests are served strictly one after the other, by the handler itself or by Hummingbird; pipelined requests wait
/// in the ``RequestQueue``. The handler reports events and carries out the actions that they return.
///
/// Each subject has a type of its own: ``RequestPhase``, ``RequestQueue``, ``DecodedInput``, ``ReadDemand``,
/// ``ConnectionTimeLimits`` and ``ConnectionEnd``. This one says what an event of the connection means for each of
/// them.
struct ConnectionStateMachine {
  /// What the handler does after it has sent a final response of its own.
  enum NextStep: Equatable {
    /// Serve the next request, which may be queued already, or arrive later, perhaps after the rest of a rejected body.
    case nextRequest
    /// Close the connection: the client has closed its sending side, so that no more input arrives.
    case close
    /// Read and discard the remaining input for a limited time, then close: see ``LingeringCloseStateMachine``.
    case linger(LingeringCloseStateMachine.Remainder)
  }

  /// The request that is being served, or the last one that was. It is empty before the first; for malformed input and
  /// for headers that remain incomplete it contains only the client.
  var request = CurrentRequest()
  /// The last client that presented a right token on this connection; nil before the first. The connection of a proxy
  /// may carry requests of several clients.
  var authenticatedClient: AuthenticatedClient?
  var phase = RequestPhase.idle
  /// The upload that further requests may repeat, with the fields by which they are recognized; nil before one was accepted.
  var repeated: (fields: RepeatedFields, upload: RepeatableUpload)?
  /// Whether ``accepted`` is to be set for the next request.
  var notesAccepted = false
  /// The last request, if it was accepted, ``notesAccepted`` was set, and others may repeat it.
  var accepted: RepeatableUpload?
  /// Whether the request that is being served repeats another: see ``holdsInput``.
  var repeats = false
  /// Whether there is room for more input that waits undecoded: see ``holdsInput``.
  var hasInputRoom = false
  /// Whether the last input that was read from its beginning was a group of small files: see ``awaitsRest(at:)``.
  private var followsSmallFiles = false
  var input = DecodedInput()
  var end = ConnectionEnd()
  /// The decoded parts of requests that wait until the request before them is finished, or until the client reads
  /// responses.
  let queue: RequestQueue
  private var demand = ReadDemand()
  private var limits: ConnectionTimeLimits
  /// Why the input is malformed, and the page that says so, until the requests before the error have their responses.
  private var unreadable: (error: UploadError, page: Page?)?

  init(limits: ConnectionTimeLimits, queue: RequestQueue) {
    self.limits = limits
    self.queue = queue
  }

  var isReceiving: Bool { phase == .receiving }
  var isLingering: Bool { phase == .lingering }
  var isForwarding: Bool { phase.isForwarding }
  var isDownloading: Bool { phase.isDownloading }
  var isStopping: Bool { end.isStopping }
  /// Whether the connection waits for the next request, whose headers may have arrived in part: no request is being
  /// served, skipped or queued, and the connection does not linger.
  var isAtRest: Bool { phase == .idle && queue.isEmpty }
  /// Whether the request that is being served is an upload whose final response has not been sent.
  var isServingUpload: Bool { phase == .receiving || phase == .storing }
  /// Whether the connection may serve another request after this one: the client does not ask to close it, and the
  /// server does not stop.
  var keepsConnection: Bool { request.keepAlive && !isStopping }
  /// Whether the response that is about to be sent is the last one, as far as is known.
  var closesAfterResponse: Bool { !keepsConnection || (end.inputIsClosed && queue.isEmpty) }
  /// Whether no request is being served, and queued ones wait only until the client reads responses.
  var waitsForClient: Bool { phase == .idle && !queue.isEmpty }

  // MARK: Requests

  /// Call it for each part of a request that the decoder makes, in order. Queues the part when it has to wait.
  /// - Parameter canRespond: whether the client reads responses (the channel is writable); while it does not, a new
  ///   request waits.
  /// - Returns: what to do with the part now.
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
  /// - Parameter canRespond: as in ``receive(_:canRespond:at:)``.
  /// - Returns: nil when the queue is empty, or its first part still has to wait.
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

  /// Makes `request` the one that is being served. Call it after the action `route`, when the headers are complete and
  /// before ``phase`` changes.
  mutating func begin(_ request: CurrentRequest) {
    limits.endHeaders()
    self.request = request
  }

  /// Whether to send `100 Continue` now: true once for each upload whose client waits for it (`Expect: 100-continue`).
  /// - Parameter hasRoom: whether the upload has room for the body. Without room the result is false: call it again
  ///   when there is some, unless the upload has failed by then, as on a full disk.
  mutating func continues(hasRoom: Bool) -> Bool {
    guard isReceiving, request.expectsContinue, !request.wasContinued, hasRoom else { return false }
    request.wasContinued = true
    return true
  }

  // MARK: Small files

  /// Call it when small files that have arrived completely are about to be stored, while the connection is at rest.
  mutating func beginSmallFiles(_ request: CurrentRequest, at now: NIODeadline) {
    limits.noteActivity(at: now)
    limits.endWaiting()
    begin(request)
    (phase, repeats, followsSmallFiles) = (.storing, true, true)
  }

  /// Whether input waits undecoded: files whose requests repeat another are being stored, and those behind them, which
  /// may do so too, are read when they have their responses.
  var holdsInput: Bool { repeats && mayHoldInput }

  /// Whether input may wait undecoded behind a file that is being stored: it does if it begins with a request that repeats
  /// another. Unlike with ``holdsInput``, no more is read meanwhile.
  var mayHoldInput: Bool { phase == .storing && queue.isEmpty && !end.inputIsClosed }

  /// Whether the beginning of a request that seems to repeat another waits undecoded for its rest, for at most
  /// ``ConnectionTimeLimits/restTime``: only directly behind small files that were stored together, whose client sends so
  /// many at once that a read ended within one. Decoding that one would cost as much as several of the others.
  mutating func awaitsRest(at now: NIODeadline) -> Bool {
    guard isAtRest, followsSmallFiles, !isStopping, !end.inputIsClosed else { return false }
    return limits.waitForRest(at: now)
  }

  /// Until when the beginning of a request waits for its rest; nil while none does.
  var restAwaitedUntil: NIODeadline? { limits.restAwaitedUntil }

  /// Call it before bytes go to the decoder.
  mutating func beginDecoding() {
    limits.endWaiting()
    followsSmallFiles = false
    input.beginDecoding()
  }

  // MARK: Responses

  /// Call it when the handler itself, not Hummingbird, is about to send the final response to the request. A rejected
  /// body need not have arrived. Discards the queue when the connection ends.
  /// - Parameter isTimeout: whether the response is 408, which ends the connection.
  /// - Returns: what to do once the response is written.
  mutating func respond(isTimeout: Bool, at now: NIODeadline) -> NextStep {
    let isWhole = phase == .storing || phase == .downloading(requestEnded: true)
    // After the client has closed its sending side, only the requests that it had pipelined before are served.
    let isLast = end.inputIsClosed && queue.isEmpty
    // A client that got no 100 Continue may or may not send its body, so it is unknown where the next request begins.
    let mayNotSend = request.expectsContinue && request.received == 0
    let remaining = mayNotSend ? nil : request.remaining
    end.responseWritten()
    limits.noteResponse(at: now)
    let mayContinue = keepsConnection && !isLast && !isTimeout
    if phase.respond(remaining: remaining, mayContinue: mayContinue) { return .nextRequest }
    let isComplete = isWhole || queue.hasEnd || (remaining == 0 && !input.isIgnored)
    queue.removeAll()
    if end.inputIsClosed { return .close }
    if isComplete { return .linger(.nothing) }
    return .linger(mayNotSend || input.isIgnored ? .unknown : .body)
  }

  /// Adds to the headers of Hummingbird's response what depends on the request and the connection: `Connection: close`,
  /// and the fields of CORS.
  /// - Returns: whether the response rejects the request (`isRejection`), which has to be reported.
  mutating func complete(_ response: inout HTTPResponse) -> Bool {
    request.complete(&response, closes: !keepsConnection)
    request.hasNoLength = request.method == "HEAD" && response.headerFields[.contentLength] == nil
    return isForwarding && response.status.isRejection
  }

  /// Call it when Hummingbird writes the end of its response. The request is over when it has also arrived completely.
  mutating func endForwardedResponse(at now: NIODeadline) {
    end.responseWritten()
    limits.noteActivity(at: now)
    phase.endForwardedResponse()
  }

  /// Call it for the end of each response, the handler's or Hummingbird's, when the socket has accepted it or the write
  /// failed.
  /// - Returns: whether to perform the close that Hummingbird requested, and that was deferred until now.
  mutating func responseSent(at now: NIODeadline) -> Bool {
    if !isLingering { limits.noteActivity(at: now) }
    return end.responseSent()
  }

  // MARK: Reading

  /// Whether to decode the next bytes in small steps, because they may begin with request headers or headers may soon
  /// follow. False within the body of an upload that is being received, and within one that is discarded after the last
  /// response, though the bytes may contain headers behind its end.
  var mayReceiveHeaders: Bool { input.expectsHeaders || !(isReceiving || isLingering) }

  /// Call it when a handler asks to read from the socket. Nothing is read while requests are queued or an upload is
  /// stored.
  /// - Parameters:
  ///   - hasRoom: whether the running upload has room for more of the body.
  ///   - isWritable: whether the client reads responses. While it does not, nothing is read between requests.
  /// - Returns: whether to read now; otherwise the read is pending until ``resumesReading(hasRoom:isWritable:)``.
  mutating func reads(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.request(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable))
  }

  /// Call it when a condition that reads depend on may have changed; the parameters are those of
  /// ``reads(hasRoom:isWritable:)``.
  /// - Returns: whether to read now: it is allowed, and a read was pending or an upload's body is being received.
  mutating func resumesReading(hasRoom: Bool, isWritable: Bool) -> Bool {
    demand.resume(isAllowed: allowsRead(hasRoom: hasRoom, isWritable: isWritable), isWanted: isReceiving)
  }

  /// Call it when a read is complete.
  /// - Returns: whether to read again: a body is being received, or discarded after the last response, and a read is
  ///   allowed. Hummingbird may delay its own reads, and a body must not wait for them.
  func continuesReading(hasRoom: Bool, isWritable: Bool) -> Bool {
    (isReceiving || isLingering) && allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  private func allowsRead(hasRoom: Bool, isWritable: Bool) -> Bool {
    guard !holdsInput else { return hasInputRoom }
    return queue.isEmpty && phase.allowsRead(hasRoom: hasRoom, isWritable: isWritable)
  }

  /// Call it when bytes arrived, before they are decoded. The first ones between requests begin the time limit of the
  /// next headers.
  mutating func bytesArrived(at now: NIODeadline) {
    if isAtRest { limits.beginHeaders(at: now) }
  }

  /// Call it when the bytes that arrived have been decoded, or wait.
  /// - Returns: whether to set the timer, because headers have begun and are incomplete: true once for each request, and
  ///   never while its beginning waits for the rest.
  mutating func bytesDecoded() -> Bool {
    if isAtRest { return limits.restAwaitedUntil == nil && limits.continueHeaders() }
    limits.endHeaders()
    return false
  }

  // MARK: Time

  /// When to call ``timerFired(hasUnreadResponse:at:)`` next; nil after the last response, which has limits of its own.
  /// - Parameter paceDeadline: when to check the pace of the running upload; nil when there is none.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    limits.deadline(in: phase, paceDeadline: paceDeadline)
  }

  /// Call it when the ``deadline(paceDeadline:)`` has passed. Too early does no harm.
  /// - Parameter hasUnreadResponse: whether the client has yet to read a response: it is slow, not idle.
  /// - Returns: what is due; `none` when only the timer must be set again.
  mutating func timerFired(hasUnreadResponse: Bool, at now: NIODeadline) -> ConnectionTimeLimits.Action {
    limits.timerFired(in: phase, hasUnreadResponse: end.hasUnsentResponses || hasUnreadResponse, at: now)
  }

  /// Prepares the rejection of a request whose headers are incomplete: makes it the ``request``, of which only the
  /// client is known, and ignores all further input. Call ``respond(isTimeout:at:)`` next.
  mutating func rejectUnfinishedHeaders(of client: ClientAddress) {
    limits.endHeaders()
    input.isIgnored = true
    request = CurrentRequest(client: client)
  }

  // MARK: Ends

  /// Call it when the server begins to stop. Later calls do nothing and return `ignore`.
  mutating func stop() -> ConnectionEnd.Action {
    end.stop(in: phase)
  }

  /// Call it when the client has closed its sending side (FIN).
  mutating func closeInput() -> ConnectionEnd.Action {
    end.closeInput(in: phase, isAtRest: isAtRest)
  }

  /// The events (the server's shutdown, the client's FIN) that were postponed while a request was being served, to be
  /// forwarded to Hummingbird now. Each is true once, and only in phase `idle`.
  mutating func takeDeferredEvents() -> (shutdown: Bool, endOfInput: Bool) {
    guard phase == .idle else { return (false, false) }
    return end.takeDeferredEvents()
  }

  /// Call it when the decoder or ``RequestRulesHandler`` rejects the input. Ignores all further input. The
  /// error is kept for ``takeUnreadable()`` while Hummingbird serves a request or a file is sent, and while queued requests wait for the
  /// client to read its responses. Otherwise the connection ends with the request that is being served.
  /// - Parameters:
  ///   - error: code `incomplete` when the input ended early: in phase `idle` it is ignored.
  ///   - client: becomes the client of the malformed request when no other is being served.
  ///   - page: the page that shows the error to a client that prefers HTML to JSON; nil for every other client.
  /// - Returns: what to do now.
  mutating func fail(_ error: UploadError, of client: ClientAddress, page: Page? = nil) -> ConnectionEnd.Action {
    input.isIgnored = true
    // Earlier requests are still being served or wait; closing now would lose their responses.
    if isForwarding || isDownloading || waitsForClient {
      unreadable = (error, page)
      return .ignore
    }
    request.keepAlive = false
    switch phase {
    case .idle:
      request = CurrentRequest(client: client)
      request.page = page
      // A connection that ends between requests is no error.
      return error.code == .incomplete ? .ignore : .reject
    case .receiving: return .failUpload
    case .skipping: return .close
    case .storing, .lingering, .forwarding, .downloading: return .ignore
    }
  }

  /// The error and page that ``fail(_:of:page:)`` kept, to be passed to it again. Call it when a request is finished. Returned once;
  /// nil without one, while such a request is served, and after a request that ends the connection.
  mutating func takeUnreadable() -> (error: UploadError, page: Page?)? {
    guard !isForwarding, !isDownloading, let unreadable else { return nil }
    self.unreadable = nil
    return request.keepAlive || phase != .idle ? unreadable : nil
  }
}
