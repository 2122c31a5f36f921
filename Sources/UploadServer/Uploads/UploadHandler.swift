import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// Stands between the HTTP decoder and the library: takes requests that are uploads, lets all others pass, on one
/// keep-alive connection. Loop-bound; what it decides comes from ``ConnectionState`` and ``UploadRoute``.
final class UploadHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long the little that is left of a rejected body may take, if the connection is to stay open.
  static let skipTime = TimeAmount.seconds(30)

  let server: ServerContext
  var state = ConnectionState()
  var current = Current()
  var body: (any IncomingBody)?
  var context: ChannelHandlerContext?
  var isQuiescing = false
  /// How much of what follows the last response is read, where that is less than of a rejected body; nil where it is not.
  var lingeringLimits: LingeringCloseStateMachine.Limits?
  /// What reads and discards after the last response.
  var lingering: LingeringClose?
  /// The library has yet to hear that the server stops.
  var quiesceIsHeld = false
  /// The client has sent FIN.
  var inputClosed = false
  /// The library has yet to hear of that, once the answer is out.
  var endIsHeld = false
  /// In the event loop's time, which tests drive.
  var lastActivity = NIODeadline.distantPast
  /// When the last answer of this handler's own began.
  var answeredAt = NIODeadline.distantPast
  var timer: Scheduled<Void>?
  /// Ends the running upload when the server's grace is over.
  var graceTimer: Scheduled<Void>?
  var graceIsOver = false
  /// Watches over responses that the client has yet to read; nil in tests without a socket.
  weak var readers: SlowReaderLimits?
  /// Answers that the socket has not taken whole.
  var answersOnTheirWay = 0
  /// The last request that this connection takes has come whole, or what cannot be read: nothing behind is looked at.
  var hasLastRequest = false
  /// The request that is coming in says that it is the last.
  private var isLastRequest = false
  /// What came behind a request of the library's and cannot be read: refused when its turn comes.
  var unreadable: UploadError?
  /// The library's wish to close, until they are sent.
  var heldClose: EventLoopPromise<Void>?
  /// When the head that is not complete yet began to come.
  var headSince: NIODeadline?
  /// The running upload's time and rate.
  var pace: ClientPace?
  var throttle = ReadThrottle()
  /// Reads are held back by a rate limit until it fires.
  var limitTimer: Scheduled<Void>?
  /// Parts of requests since somebody last asked: what one read was decoded into.
  var partsDecoded = 0
  /// Whether the decoder waits for a request, or is in the middle of its headers.
  private(set) var expectsHead = true
  /// Bytes of request headers in the decoder that are not complete.
  var unfinishedHead = 0
  /// Under which the server counts them; nil while it does not.
  var unfinishedHeadEntry: UnfinishedHeaders.Entry?
  /// The last client of this connection that presented the right token; nil while none has.
  private(set) var authenticatedClient: String?
  /// What waits for the request before it to be answered, or for the client to take answers.
  let queue: RequestQueue
  private var isTakingQueued = false
  private var readIsHeld = false

  init(server: ServerContext) {
    self.server = server
    queue = RequestQueue(budget: server.budget)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    lastActivity = context.eventLoop.now
    startTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    graceTimer?.cancel()
    limitTimer?.cancel()
    lingering?.stop()
    lingering = nil
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    limitTimer?.cancel()
    if state.isReceiving { body?.fail(UploadError(.clientGone, "The client went away in the middle.")) }
    body = nil
    stopCounting()
    lingering?.stop()
    forgetUnfinishedHead()
    queue.removeAll()
    context.fireChannelInactive()
  }

  // MARK: Requests coming in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What comes behind the last answer does not prolong the connection.
    if !state.isLingering { lastActivity = context.eventLoop.now }
    let part = unwrapInboundIn(data)
    partsDecoded += 1
    noteLast(part)
    if queue.isEmpty, !mustWait(part, context) {
      take(part, context)
    } else if !queue.append(part) {
      context.close(promise: nil)
    }
  }

  private func mustWait(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) -> Bool {
    state.mustWait(part.kind, canAnswer: context.channel.isWritable)
  }

  private func noteLast(_ part: HTTPRequestPart) {
    switch part {
    case .head(let request):
      isLastRequest = request.closesConnection
      expectsHead = false
    case .body: break
    case .end:
      expectsHead = true
      if isLastRequest { hasLastRequest = true }
    }
  }

  private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    switch state.receive(part.kind) {
    case .route:
      if case .head(let request) = part { route(request, part, context) }
    case .forward: context.fireChannelRead(wrapInboundOut(part))
    case .deliver:
      guard case .body(let bytes) = part else { return }
      current.received += UInt64(bytes.readableBytes)
      body?.receive(bytes)
      noteTaken(bytes.readableBytes)
    case .endBody:
      guard case .end(let trailers) = part else { return }
      body?.end(trailers: trailers)
    case .drop:
      // The rest of a refused body has been skipped.
      if state.isIdle, part.kind == .end, !isTakingQueued { passHeldEvents(context) }
    case .discarded:
      // The decoder would keep what follows.
      hasLastRequest = true
      lingering?.end()
    }
  }

  private func route(_ request: HTTPRequest, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    headSince = nil
    current = Current(request)
    current.client = server.access.client(of: request, from: context.remoteAddress)
    current.allowedOrigin = server.access.allowedOrigin(of: request)
    let verdict = server.access.verdict(
      on: request,
      from: context.remoteAddress,
      client: current.client,
      isAuthenticated: authenticatedClient == current.client.key,
      at: context.eventLoop.now
    )
    switch verdict {
    case .pass(let hasToken): if hasToken { authenticatedClient = current.client.key }
    case .refuse(let error, let retryAfter): return refuse(error, retryAfter: retryAfter)
    case .preflight: return answer(.preflight(request))
    }
    let route: UploadRoute
    if isQuiescing {
      route = .refusal(UploadError(.shuttingDown, "The server is stopping. Send the file again later."))
    } else {
      route = UploadRoute(request, length: current.length)
    }
    switch route {
    case .library:
      state.pass()
      context.fireChannelRead(wrapInboundOut(part))
    case .refusal(let error): refuse(error)
    case .file(let name, let declaredType):
      if let error = refusal(fileSize: current.length.bytes) { return refuse(error) }
      do throws(UploadError) {
        try server.limits.types.check(declared: declaredType)
        let digests = try DigestRequest(request.headerFields)
        let condition = try Preconditions.ofUpload(request).condition(for: name)
        startPace(context)
        begin(makeUpload(name, declaredType, digests, condition, context), context)
      } catch {
        refuse(error)
      }
    case .form(let boundary):
      if let error = refusal(fileSize: nil) { return refuse(error) }
      do throws(UploadError) {
        let preconditions = try Preconditions.ofUpload(request)
        startPace(context)
        begin(makeForm(boundary, preconditions, context), context)
      } catch {
        refuse(error)
      }
    }
  }

  private func begin(_ body: any IncomingBody, _ context: ChannelHandlerContext) {
    state.beginUpload()
    self.body = body
    notePace()
    // The timer that runs is set for a silence, which may come later than the first look at the average.
    if server.limits.minRate != nil { startTimer() }
    sendContinue(context)
  }

  /// Tells a client that waits for it to send the body, once there is room: a full disk is known by then. Nobody else
  /// tells it, neither the decoder nor the library behind.
  private func sendContinue(_ context: ChannelHandlerContext) {
    guard current.expectsContinue, !current.wasContinued, body?.hasRoom ?? false else { return }
    current.wasContinued = true
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  private func makeForm(
    _ boundary: MultipartBoundary,
    _ preconditions: Preconditions,
    _ context: ChannelHandlerContext
  ) -> FormUpload {
    FormUpload(
      boundary: boundary,
      preconditions: preconditions,
      length: current.length,
      remote: current.client.text,
      context: server,
      eventLoop: context.eventLoop,
      delegate: self
    )
  }

  private func makeUpload(
    _ name: FileName?,
    _ declaredType: String?,
    _ digests: DigestRequest,
    _ condition: PublishCondition?,
    _ context: ChannelHandlerContext
  ) -> SingleUpload {
    let name = WantedName(name)
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: name.fileName(type: declaredType).description,
      size: current.length.bytes,
      remote: current.client.text,
      declaredType: declaredType
    )
    return SingleUpload(
      meter,
      name: name,
      digests: digests,
      condition: condition,
      context: server,
      eventLoop: context.eventLoop,
      delegate: self
    )
  }

  /// Goes on with what was pipelined behind the request that has just been answered.
  /// - Returns: false within itself, when one of these is answered at once: the outer loop goes on, since a thousand of
  ///   them answered from within one another would be a thousand calls deep.
  func takeQueued() -> Bool {
    guard let context, !isTakingQueued else { return false }
    guard !queue.isEmpty else { return true }
    isTakingQueued = true
    while let next = queue.first, !mustWait(next, context) {
      queue.removeFirst()
      take(next, context)
    }
    isTakingQueued = false
    // The library looks at what it was given when the reading is complete, and this reading was complete long ago.
    if state.isPassing { context.fireChannelReadComplete() }
    return true
  }

  /// Nothing is under way, and nothing waits.
  var isAtRest: Bool { state.isIdle && queue.isEmpty }

  // MARK: Back-pressure

  /// Whether bytes from the socket are wanted now. A client that does not take its answers gets no more of them, so no
  /// more requests are read either; what is dropped behind an answer is.
  private var wantsRead: Bool {
    guard queue.isEmpty, let context else { return false }
    if state.isReceiving { return limitTimer == nil && (body?.hasRoom ?? true) }
    return state.isIdle ? context.channel.isWritable : !state.isStoring
  }

  func read(context: ChannelHandlerContext) {
    if wantsRead { context.read() } else { readIsHeld = true }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    // The library may hold its own reads back; a body must not wait for it.
    if state.isReceiving || state.isLingering, wantsRead { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      if state.isIdle, !queue.isEmpty { goOn() } else { resumeReading() }
    }
    context.fireChannelWritabilityChanged()
  }

  func resumeReading() {
    guard readIsHeld || state.isReceiving, wantsRead, let context else { return }
    readIsHeld = false
    if state.isReceiving { sendContinue(context) }
    context.read()
  }
}

extension HTTPRequestPart {
  fileprivate var kind: ConnectionState.Part {
    switch self {
    case .head: .head
    case .body(let bytes): .body(bytes.readableBytes)
    case .end: .end
    }
  }
}
