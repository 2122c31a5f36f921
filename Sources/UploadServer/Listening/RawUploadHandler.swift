import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// One connection of the raw listener: its bytes until FIN become one file, and the response is one line of JSON. Reports
/// events to ``RawConnectionStateMachine`` and carries out its actions. Loop-bound.
final class RawUploadHandler: ChannelDuplexHandler, UploadSessionDelegate {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let session: UploadSession
  private var machine: RawConnectionStateMachine

  init(server: ServerContext, eventLoop: any EventLoop) {
    session = UploadSession(server: server, eventLoop: eventLoop)
    machine = RawConnectionStateMachine(idleDeadline: eventLoop.now + server.limits.idleTime)
    session.delegate = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    session.start(on: context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    session.stop()
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.disconnect(machine.isReceiving ? .clientGone() : nil)
    context.fireChannelInactive()
  }

  // MARK: Input

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard let isFirst = machine.receive() else {
      return session.lingering?.received(bytes.readableBytes) ?? ()
    }
    if isFirst { begin() }
    session.receive(bytes)
  }

  private func begin() {
    let client = session.peer
    let error = session.begin(of: client, size: nil) { SingleUpload(mode: .raw, remote: client.text, delegate: $0) }
    if let error { reject(error) }
  }

  func read(context: ChannelHandlerContext) {
    if machine.reads(hasRoom: session.hasRoom) { context.read() }
  }

  func resumeReading() {
    if machine.resumesReading(hasRoom: session.hasRoom) { session.context?.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent: perform(machine.stop())
    case let event as ChannelEvent where event == .inputClosed: perform(machine.closeInput())
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func perform(_ action: RawConnectionStateMachine.EndAction) {
    switch action {
    case .ignore: break
    case .startGrace: session.startGrace()
    case .endBody: session.body?.end(trailers: nil)
    case .reject: reject(UploadError(.incomplete, "No data received, so no file was stored."))
    case .close: session.context?.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if machine.isReceiving { session.body?.fail(.clientGone(error)) }
    context.close(promise: nil)
  }

  // MARK: The response

  func sessionEnded(_ result: Result<[StoredFile], UploadError>, hadUploads: Bool) {
    switch result {
    case .success(let files): respond(.stored(files, status: .created))
    case .failure(let error): respond(ServerResponse(failure: error))
    }
  }

  private func reject(_ error: UploadError) {
    session.server.noteRejection(CurrentRequest(client: session.peer), error.code.status, error.message)
    respond(ServerResponse(failure: error))
  }

  /// Sends the response and closes: at once when the client has closed its side, otherwise after a lingering close.
  private func respond(_ response: ServerResponse) {
    let next = machine.respond()
    guard let context = session.context, next != .ignore else { return }
    session.setTimer()
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(response.body), promise: sent)
    switch next {
    case .ignore: break
    case .closeWhenSent: sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    // FIN is the end of the body, and closes the connection.
    case .linger: session.linger(.body, of: session.peer, isStopping: machine.isStopping)
    }
    resumeReading()
  }

  // MARK: Time

  var deadline: NIODeadline? { machine.deadline(paceDeadline: session.paceDeadline) }

  func sessionTimerFired() {
    if machine.isIdle(at: session.now) { return session.context?.close(promise: nil) ?? () }
    if machine.isReceiving { session.checkPace() }
    session.setTimer()
  }

  func sessionGraceEnded() {}
}
