import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import UploadCore
import UploadStorage

/// Stands between the HTTP decoder and Hummingbird on every connection: takes the requests that are uploads and forwards
/// all others. Reports events to ``ConnectionStateMachine`` and carries out its actions. Loop-bound.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  var machine: ConnectionStateMachine
  private let session: UploadSession
  private let queue: RequestQueue
  private var context: ChannelHandlerContext?
  /// Hummingbird's wish to close, until all responses are sent.
  private var heldClose: EventLoopPromise<Void>?

  init(server: ServerContext, eventLoop: any EventLoop) {
    machine = ConnectionStateMachine(
      idleTime: server.limits.idleTime,
      headerTime: server.limits.headerTime,
      at: eventLoop.now
    )
    session = UploadSession(server: server, eventLoop: eventLoop)
    queue = RequestQueue(budget: server.budget)
    session.delegate = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    setTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    session.stop()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.disconnect(machine.isReceiving ? .clientGone() : nil)
    queue.removeAll()
    context.fireChannelInactive()
  }

  private var now: NIODeadline { session.eventLoop.now }
  private var isWritable: Bool { context?.channel.isWritable ?? false }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    perform(machine.receive(part.kind, canRespond: isWritable, at: now), part, context)
  }

  private func perform(
    _ action: ConnectionStateMachine.PartAction,
    _ part: HTTPRequestPart,
    _ context: ChannelHandlerContext
  ) {
    switch (action, part) {
    case (.wait, _): if !queue.append(part) { context.close(promise: nil) }
    case (.route, .head(let head)): route(IncomingRequest(head), part, context)
    case (.forward, _): context.fireChannelRead(wrapInboundOut(part))
    case (.deliver, .body(let bytes)): session.receive(bytes)
    case (.endBody, .end(let trailers)): session.body?.end(trailers: trailers)
    case (.finishSkipping, _): fireHeldEvents()
    case (.finishLingering, _): session.endLingering()
    case (.discard, _), (.route, _), (.deliver, _), (.endBody, _): break
    }
  }

  private func route(_ request: IncomingRequest, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    let (peer, access) = (context.remoteAddress, session.server.access)
    switch RequestDisposition(request, from: peer, on: &machine, access, at: now) {
    case .forward:
      machine.forwardRequest()
      context.fireChannelRead(wrapInboundOut(part))
    case .upload(let size, let makeBody):
      if let error = session.begin(of: machine.request.client, size: size, makeBody) { return reject(error) }
      machine.beginUpload()
      // The timer that runs is set for idleness, which may be later than the first look at the average rate.
      if session.server.limits.minRate != nil { setTimer() }
      sendContinue()
    case .respond(let response): respond(response)
    case .reject(let error, let retryAfter): reject(error, retryAfter: retryAfter)
    }
  }

  private func sendContinue() {
    guard machine.continues(hasRoom: session.hasRoom) else { return }
    context?.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  /// Goes on between requests with what the client has pipelined, as far as it takes responses.
  private func proceed() {
    guard let context, machine.beginDraining() else { return }
    while let part = queue.first, let action = machine.receiveQueued(part.kind, canRespond: isWritable) {
      queue.removeFirst()
      perform(action, part, context)
    }
    if machine.endDraining() { context.fireChannelReadComplete() }
    if machine.waitsForClient { return }
    if let error = machine.takeUnreadable() { fail(error) }
    fireHeldEvents()
    resumeReading()
  }

  private func fireHeldEvents() {
    let held = machine.takeHeldEvents()
    if held.shutdown { context?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    if held.endOfInput { context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
  }

  // MARK: Responses

  /// Rejects a request of which no upload was begun, and reports that.
  func reject(_ error: UploadError, retryAfter: Int? = nil) {
    session.server.noteRejection(machine.request, error.code.status, error.message)
    var response = ServerResponse(failure: error)
    if let retryAfter { response.fields[.retryAfter] = String(retryAfter) }
    respond(response)
  }

  /// Responds to the current request, and keeps the connection or closes it so that the response arrives.
  private func respond(_ response: ServerResponse) {
    guard let context else { return }
    let request = machine.request
    let response = response.shown(on: request.page)
    let next = machine.respond(isTimeout: response.status == .requestTimeout, at: now)
    context.write(wrapOutboundOut(.head(response.head(for: request, closes: next != .nextRequest))), promise: nil)
    if !request.isHead { context.write(wrapOutboundOut(.body(response.body)), promise: nil) }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sentPromise())
    switch next {
    case .nextRequest: proceed()
    case .close:
      context.close(mode: .output, promise: nil)
      context.close(promise: nil)
    case .linger(let remainder, let bodyHasEnded):
      queue.removeAll()
      session.linger(remainder, of: request.client, isStopping: machine.isStopping, on: context)
      if bodyHasEnded { session.endLingering() }
      resumeReading()
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var response):
      if machine.isForwarding, response.status.isRejection {
        session.server.noteRejection(machine.request, response.status, response.status.reasonPhrase)
      }
      machine.request.complete(&response, closes: !machine.keepsConnection)
      context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      machine.endForwardedResponse(at: now)
      context.write(data, promise: sentPromise(promise))
      proceed()
    }
  }

  /// A promise for the end of a response, kept when the socket has taken it.
  private func sentPromise(_ promise: EventLoopPromise<Void>? = nil) -> EventLoopPromise<Void> {
    let promise = promise ?? session.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      if self.machine.responseSent(at: self.now) { self.closeAsHeld() }
    }
    return promise
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, machine.holdsClose() else { return context.close(mode: mode, promise: promise) }
    let held = heldClose ?? context.eventLoop.makePromise(of: Void.self)
    heldClose = held
    if let promise { held.futureResult.cascade(to: promise) }
  }

  private func closeAsHeld() {
    guard let held = heldClose else { return }
    heldClose = nil
    if let context { context.close(promise: held) } else { held.succeed() }
  }

  // MARK: Reading

  func read(context: ChannelHandlerContext) {
    if machine.reads(hasRoom: session.hasRoom, isWritable: isWritable) { context.read() }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if machine.readsOn(hasRoom: session.hasRoom, isWritable: isWritable) { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isWritable { if machine.waitsForClient { proceed() } else { resumeReading() } }
    context.fireChannelWritabilityChanged()
  }

  private func resumeReading() {
    guard let context, machine.resumesReading(hasRoom: session.hasRoom, isWritable: isWritable) else { return }
    sendContinue()
    context.read()
  }

  /// Bytes arrived that go to the decoder next.
  func bytesArrived(_ count: Int) {
    session.bytesArrived(count)
    machine.bytesArrived(at: now)
  }

  /// They have been decoded.
  func bytesDecoded() {
    if machine.bytesDecoded() { setTimer() }
  }

  // MARK: Events

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      let action = machine.stop()
      if action == .forward || action == .hold { session.startGrace() }
      perform(action, event, context)
    case let event as ChannelEvent where event == .inputClosed: perform(machine.closeInput(), event, context)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func perform(_ action: ConnectionStateMachine.EventAction, _ event: Any, _ context: ChannelHandlerContext) {
    switch action {
    case .ignore, .hold: break
    case .forward: context.fireUserInboundEventTriggered(event)
    case .failUpload: session.body?.fail(.incompleteBody())
    case .close: context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? UploadError ?? (error as? HTTPParserError).map(UploadError.parsing) { return fail(error) }
    if machine.isReceiving { session.body?.fail(.clientGone(error)) }
    context.close(promise: nil)
  }

  private func fail(_ error: UploadError) {
    switch machine.fail(error, of: ClientAddress(context?.remoteAddress)) {
    case .ignore: break
    case .failUpload: session.body?.fail(error)
    case .reject: reject(error)
    case .close: context?.close(promise: nil)
    }
  }

  /// Rejects a request whose headers are not complete.
  func rejectUnfinishedHeaders(_ error: UploadError, lingering limits: LingeringCloseStateMachine.Limits) {
    session.limitLingering(limits)
    machine.rejectUnfinishedHeaders(of: ClientAddress(context?.remoteAddress))
    reject(error)
  }

  private func setTimer() {
    session.setTimer(for: machine.deadline(paceDeadline: session.paceDeadline))
  }
}

extension ConnectionHandler: UploadSessionDelegate {
  func sessionCanRead() {
    resumeReading()
  }

  func sessionEnded(_ result: Result<[StoredFile], UploadError>, hadUploads: Bool) {
    guard machine.isServingUpload else { return }
    switch result {
    case .success(let files): respond(.stored(files, for: machine.request))
    // An upload that was begun has failed, and is reported as such.
    case .failure(let error): if hadUploads { respond(ServerResponse(failure: error)) } else { reject(error) }
    }
  }

  func sessionTimerFired() {
    guard let context else { return }
    let readers = try? context.pipeline.syncOperations.handler(type: SlowReaderLimits.self)
    switch machine.timerFired(hasUnreadResponse: readers?.hasUnread ?? false, at: now) {
    case .none: break
    case .checkPace: session.checkPace()
    case .rejectLateHeaders: rejectUnfinishedHeaders(.lateHeaders, lingering: .response)
    case .close: return context.close(promise: nil)
    }
    setTimer()
  }

  func sessionGraceEnded() {
    let isClosing = machine.endGrace()
    session.failForShutdown()
    if isClosing { closeAsHeld() }
  }
}
