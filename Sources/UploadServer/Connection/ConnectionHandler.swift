import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// The channel handler between the HTTP decoder and Hummingbird on each HTTP connection: serves uploads and downloads,
/// rejects what is not allowed, forwards all other requests. Reports events to ``ConnectionStateMachine`` and carries out its
/// actions. Loop-bound: call it on the connection's event loop.
final class ConnectionHandler: ChannelDuplexHandler, UploadSessionDelegate, DownloadSessionDelegate {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  var machine: ConnectionStateMachine
  /// Of the request whose headers are being decoded. Set by the ``DecoderGuard``.
  var beginning = RequestBeginning()
  let session: UploadSession
  /// Set by the ``DecoderGuard`` itself.
  weak var decoderGuard: DecoderGuard?
  private let deferredClose = DeferredClose()
  /// The downloads of the connection; nil before the first.
  private var downloads: DownloadSession?

  /// - Parameter buffer: into which the channel reads; nil where there is no socket.
  init(server: ServerContext, eventLoop: any EventLoop, buffer: ReceiveBuffer?) {
    let limits = ConnectionTimeLimits(server.limits, at: eventLoop.now)
    machine = ConnectionStateMachine(limits: limits, queue: RequestQueue(budget: server.budget))
    session = UploadSession(server: server, eventLoop: eventLoop, buffer: buffer)
    session.delegate = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    session.start(on: context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    session.stop()
    downloads = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.disconnect(machine.isReceiving ? .clientGone() : nil)
    downloads?.close()
    machine.queue.removeAll()
    context.fireChannelInactive()
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    perform(machine.receive(part, canRespond: session.isWritable, at: session.now), part, context)
  }

  private func perform(_ action: RequestPhase.PartAction, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    switch (action, part) {
    case (.close, _): context.close(promise: nil)
    case (.route, .head(let head)): route(IncomingRequest(head), part, context)
    case (.forward, _): context.fireChannelRead(wrapInboundOut(part))
    case (.deliver, .body(let bytes)): session.receive(bytes)
    case (.endBody, .end(let trailers)): session.endBody(trailers: trailers)
    case (.finishSkipping, _): fireDeferredEvents()
    case (.finishLingering, _): session.lingering?.end()
    case (.wait, _), (.discard, _), (.route, _), (.deliver, _), (.endBody, _): break
    }
  }

  private func route(_ request: IncomingRequest, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    switch RequestDisposition(request, on: &machine, in: session) {
    case .forward:
      machine.phase.forward()
      context.fireChannelRead(wrapInboundOut(part))
    case .download(let request): download(request)
    case .upload(let size, let makeBody):
      machine.phase = .receiving
      if let error = session.begin(of: machine.request.client, size: size, makeBody) { return reject(error) }
      sendContinue()
    case .resumable(let makeBody):
      machine.phase = .receiving
      if let error = session.beginResumable(of: machine.request.client, makeBody) { return reject(error) }
    case .respond(let response): respond(response)
    case .reject(let error, let retryAfter): reject(error, retryAfter: retryAfter)
    }
  }

  private func sendContinue() {
    guard machine.continues(hasRoom: session.hasRoom) else { return }
    session.context?.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  /// Serves the queued requests, between requests and as far as the client reads responses.
  private func serveQueued() {
    guard let context = session.context, machine.queue.beginDraining() else { return }
    while let (part, action) = machine.receiveQueued(canRespond: session.isWritable) { perform(action, part, context) }
    // Hummingbird handles the parts that it got only when a read is complete.
    if machine.queue.endDraining(), machine.isForwarding { context.fireChannelReadComplete() }
    if machine.waitsForClient { return }
    if let (error, page) = machine.takeUnreadable() {
      perform(machine.fail(error, of: session.peer, page: page), error: error)
    }
    fireDeferredEvents()
    resumeReading()
  }

  private func fireDeferredEvents() {
    let deferred = machine.takeDeferredEvents()
    if deferred.shutdown { session.context?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    if deferred.endOfInput { session.context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
  }

  // MARK: Responses

  /// Rejects a request of which no upload was begun, and reports that.
  private func reject(_ error: UploadError, retryAfter: Int? = nil) {
    session.server.noteRejection(machine.request, error.code.status, error.message)
    respond(ServerResponse(failure: error, retryAfter: retryAfter))
  }

  /// Responds to the current request, and keeps the connection or closes it so that the response arrives.
  private func respond(_ response: ServerResponse) {
    guard let context = session.context else { return }
    let request = machine.request
    if response.hasStaleOffset { session.lingeringLimits = .stale }
    let response = response.shown(on: request.page)
    let next = machine.respond(isTimeout: response.status == .requestTimeout, at: session.now)
    response.write(for: request, closes: next != .nextRequest, to: context, sent: sentPromise())
    proceed(next)
  }

  /// Continues after a final response of the handler itself.
  func proceed(_ next: ConnectionStateMachine.NextStep) {
    guard let context = session.context else { return }
    switch next {
    case .nextRequest:
      serveQueued()
      decoderGuard?.resume()
    case .close:
      context.close(mode: .output, promise: nil)
      context.close(promise: nil)
    case .linger(let remainder):
      session.linger(remainder, of: machine.request.client, isStopping: machine.isStopping)
      resumeReading()
    }
  }

  // MARK: Downloads

  private func download(_ request: DownloadRequest) {
    // In front of the encoder: a file's bytes do not pass through it.
    guard let output = outputPastEncoder else {
      return reject(UploadError(.internalFailure, "Downloads are not available on this connection."))
    }
    let downloads = downloads ?? DownloadSession(server: session.server, output: output, delegate: self)
    self.downloads = downloads
    machine.phase = .downloading(requestEnded: false)
    downloads.serve(request, from: machine.request.client.text)
  }

  func downloadIsNoFile(_ request: DownloadRequest) {
    guard let context = session.context else { return }
    let requestEnded = machine.phase.handOver()
    context.fireChannelRead(wrapInboundOut(.head(request.head)))
    if requestEnded { context.fireChannelRead(wrapInboundOut(.end(nil))) }
    context.fireChannelReadComplete()
  }

  func downloadResponds(_ response: ServerResponse) {
    respond(response)
  }

  func downloadFails(_ error: UploadError) {
    if error.code.status.isRejection { reject(error) } else { respond(ServerResponse(failure: error)) }
  }

  func fieldsOfDownload() -> HTTPFields {
    var response = HTTPResponse(status: .ok)
    response.headerFields[.date] = CurrentTime.httpDate
    response.headerFields[.server] = "sluice"
    machine.request.complete(&response, closes: machine.closesAfterResponse)
    return response.headerFields
  }

  func downloadFinished() {
    let next = machine.respond(isTimeout: false, at: session.now)
    sentPromise().succeed()
    proceed(next)
  }

  // MARK: Uploads

  func sessionEnded(_ outcome: BodyOutcome, hadUploads: Bool) {
    guard machine.isServingUpload else { return }
    switch outcome {
    case .stored(let files, let method, let fields):
      respond(.stored(files, for: machine.request, method: method, adding: fields))
    // An upload that was begun has failed, and is reported as such.
    case .failed(let error) where hadUploads: respond(ServerResponse(failure: error))
    case .failed(let error): reject(error)
    case .response(let response, let rejection):
      if let rejection { session.server.noteRejection(machine.request, response.status, rejection.message) }
      respond(response)
    case .replaced: session.context?.close(promise: nil)
    }
  }

  func sendInterim(_ response: HTTPResponse) {
    guard machine.isServingUpload else { return }
    session.context?.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var response):
      if machine.complete(&response) { session.server.noteRejection(machine.request, response.status) }
      if let output = outputOfHead {
        output.write(NIOAny(IOData.byteBuffer(ByteBuffer(head: response))), promise: promise)
      } else {
        context.write(wrapOutboundOut(.head(response)), promise: promise)
      }
    case .body: context.write(data, promise: promise)
    case .end:
      let output = outputOfHead
      machine.endForwardedResponse(at: session.now)
      if let output {
        output.write(NIOAny(IOData.byteBuffer(ByteBuffer())), promise: sentPromise(promise))
      } else {
        context.write(data, promise: sentPromise(promise))
      }
      serveQueued()
    }
  }

  /// Where a response to HEAD of unknown length is written, past the encoder: that would announce a chunked body, and send
  /// the end of one, which the client takes for the next response. Nil for all other responses.
  private var outputOfHead: ChannelHandlerContext? { machine.request.hasNoLength ? outputPastEncoder : nil }

  private var outputPastEncoder: ChannelHandlerContext? {
    try? session.context?.pipeline.syncOperations.context(handlerType: DecoderGuard.self)
  }

  /// A promise for the end of a response, completed when the socket has accepted it.
  func sentPromise(_ promise: EventLoopPromise<Void>? = nil) -> EventLoopPromise<Void> {
    let promise = promise ?? session.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      if self.machine.responseSent(at: self.session.now) { self.deferredClose.perform(on: self.session.context) }
    }
    return promise
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, machine.end.defersClose() else { return context.close(mode: mode, promise: promise) }
    deferredClose.add(promise, on: context.eventLoop)
  }

  // MARK: Reading

  func read(context: ChannelHandlerContext) {
    if machine.reads(hasRoom: session.hasRoom, isWritable: session.isWritable) { context.read() }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if machine.continuesReading(hasRoom: session.hasRoom, isWritable: session.isWritable) { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if session.isWritable { if machine.waitsForClient { serveQueued() } else { resumeReading() } }
    context.fireChannelWritabilityChanged()
  }

  func resumeReading() {
    guard machine.resumesReading(hasRoom: session.hasRoom, isWritable: session.isWritable) else { return }
    sendContinue()
    session.context?.read()
  }

  /// Call it when `count` bytes arrived, before they go to the decoder: for the time limit of headers, and the
  /// lingering close.
  func bytesArrived(_ count: Int) {
    session.lingering?.received(count)
    machine.bytesArrived(at: session.now)
  }

  /// Call it after ``bytesArrived(_:)``, when the bytes are decoded or wait: sets the timer for headers that are incomplete,
  /// or for their rest.
  func bytesDecoded() {
    if machine.bytesDecoded() { session.setTimer() }
    if let deadline = machine.restAwaitedUntil { session.setTimer(noLaterThan: deadline) }
  }

  // MARK: Ends

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      session.startGrace()
      perform(machine.stop(), event: event)
    case let event as ChannelEvent where event == .inputClosed: perform(machine.closeInput(), event: event)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func perform(_ action: ConnectionEnd.Action, event: Any? = nil, error: UploadError = .incompleteBody()) {
    switch action {
    case .ignore, .postpone: break
    case .forward: if let event { session.context?.fireUserInboundEventTriggered(event) }
    case .failUpload: session.body?.fail(error)
    case .reject: reject(error)
    case .close: session.context?.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = UploadError.unreadable(error, beginning) {
      return perform(machine.fail(error, of: session.peer, page: beginning.page), error: error)
    }
    if machine.isReceiving { session.body?.fail(.clientGone(error)) }
    context.close(promise: nil)
  }

  /// Responds with `error` to a request whose headers are incomplete, and begins the lingering close. Call it only
  /// while no other request is queued or being served.
  /// - Parameter limits: of the lingering close.
  func rejectUnfinishedHeaders(_ error: UploadError, lingering limits: LingeringCloseStateMachine.Limits) {
    session.lingeringLimits = limits
    machine.rejectUnfinishedHeaders(of: session.peer)
    reject(error)
  }

  var deadline: NIODeadline? { machine.deadline(paceDeadline: session.paceDeadline) }

  func sessionTimerFired() {
    switch machine.timerFired(hasUnreadResponse: session.hasUnreadResponse, at: session.now) {
    case .none: break
    case .checkPace: session.checkPace()
    case .rejectLateHeaders: rejectUnfinishedHeaders(.lateHeaders, lingering: .response)
    case .decodeBeginning: decoderGuard?.resume()
    case .close: return session.context?.close(promise: nil) ?? ()
    }
    session.setTimer()
  }

  func sessionGraceEnded() {
    if machine.isDownloading {
      downloads?.close()
      session.context?.close(promise: nil)
    }
    if machine.end.endGrace() { deferredClose.perform(on: session.context) }
  }
}
