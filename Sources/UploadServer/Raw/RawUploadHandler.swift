import HTTPTypes
import NIOCore
import NIOExtras
import UploadCore
import UploadStorage

/// One connection of the raw listener: bytes until FIN become one file, and one line of JSON is the response. Reports events
/// to ``RawConnectionStateMachine`` and carries out its actions.
final class RawUploadHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let session: UploadSession
  private var machine: RawConnectionStateMachine

  init(server: ServerContext, eventLoop: any EventLoop) {
    session = UploadSession(server: server, eventLoop: eventLoop)
    machine = RawConnectionStateMachine(idleTime: server.limits.idleTime, at: eventLoop.now)
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
    guard let isFirst = machine.receive(at: session.now) else { return session.bytesArrived(bytes.readableBytes) }
    if isFirst { begin() }
    session.receive(bytes)
  }

  private func begin() {
    let client = session.peer
    let error = session.begin(of: client, size: nil) { session in
      let name = RequestedName(nil)
      let meter = UploadMeter(
        direction: .incoming,
        mode: .raw,
        name: name.fileName(type: nil).description,
        size: nil,
        remote: client.text
      )
      return SingleUpload(
        meter,
        name: name,
        context: session.server,
        eventLoop: session.eventLoop,
        delegate: session
      )
    }
    if let error { return reject(error) }
    session.startTimingPace()
  }

  func read(context: ChannelHandlerContext) {
    if machine.reads(hasRoom: session.hasRoom) { context.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      guard let closes = machine.stop() else { return }
      if closes { context.close(promise: nil) } else { session.startGrace() }
    case let event as ChannelEvent where event == .inputClosed:
      switch machine.closeInput() {
      case .ignore: break
      case .endBody: session.body?.end(trailers: nil)
      case .reject: reject(UploadError(.incomplete, "Nothing arrived, so nothing was stored."))
      case .close: context.close(promise: nil)
      }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if machine.isReceiving { session.body?.fail(.clientGone(error)) }
    context.close(promise: nil)
  }

  // MARK: The response

  private func reject(_ error: UploadError) {
    session.server.noteRejection(CurrentRequest(client: session.peer), error)
    respond(ServerResponse(failure: error))
  }

  /// Sends the one line and closes: at once when the client has closed its side, else after reading on so that the line
  /// arrives.
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
}

extension RawUploadHandler: UploadSessionDelegate {
  var deadline: NIODeadline? { machine.deadline(paceDeadline: session.paceDeadline) }

  func resumeReading() {
    if machine.resumesReading(hasRoom: session.hasRoom) { session.context?.read() }
  }

  func sessionEnded(_ result: Result<[StoredFile], UploadError>, hadUploads: Bool) {
    switch result {
    case .success(let files): respond(.stored(files, status: .created))
    case .failure(let error): respond(ServerResponse(failure: error))
    }
  }

  func sessionTimerFired() {
    if machine.timerFired(at: session.now) { return session.context?.close(promise: nil) ?? () }
    if machine.isReceiving { session.checkPace() }
    session.setTimer()
  }

  func sessionGraceEnded() {
    session.failForShutdown()
  }
}
