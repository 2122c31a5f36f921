import HTTPTypes
import NIOCore
import NIOExtras
import UploadCore
import UploadStorage

/// One connection of the raw listener: bytes until FIN become one file, and one line of JSON comes back.
///
/// FIN is the only end there is, so a transfer that was cut with a FIN looks whole; only a reset does not. A connection
/// that brings no byte at all stores nothing.
final class RawUploadHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private enum State {
    case receiving, storing, answered
  }

  private let server: ServerContext
  private var state = State.receiving
  private(set) var body: SingleUpload?
  private var context: ChannelHandlerContext?
  private var readIsHeld = false
  private var isQuiescing = false
  /// In the event loop's time, which tests drive.
  private var lastActivity = NIODeadline.distantPast
  private var timer: Scheduled<Void>?
  private var graceTimer: Scheduled<Void>?
  private var dropped = 0

  init(server: ServerContext) {
    self.server = server
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    lastActivity = context.eventLoop.now
    startTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    graceTimer?.cancel()
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard state == .receiving else {
      // What comes behind the answer does not prolong the connection.
      dropped += bytes.readableBytes
      if dropped > ConnectionState.lingerLimit { context.close(promise: nil) }
      return
    }
    lastActivity = context.eventLoop.now
    if body == nil { begin(context) }
    body?.receive(bytes)
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard server.ledger.activeCount(.incoming) < server.limits.maxUploads else {
      let error = UploadError(.tooManyUploads, "The server has as many uploads as it takes. Try again in a moment.")
      return answer(Answer(refusing: error))
    }
    let name = WantedName(nil)
    let meter = UploadMeter(
      direction: .incoming,
      mode: .raw,
      name: name.fileName(type: nil).description,
      size: nil,
      remote: context.remote
    )
    body = SingleUpload(meter, name: name, context: server, eventLoop: context.eventLoop, delegate: self)
  }

  func read(context: ChannelHandlerContext) {
    if state != .receiving || body?.hasRoom ?? true { context.read() } else { readIsHeld = true }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      quiesce(context)
    } else if event as? ChannelEvent == .inputClosed {
      inputDidClose(context)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  private func inputDidClose(_ context: ChannelHandlerContext) {
    switch state {
    case .receiving:
      state = .storing
      guard let body else {
        return answer(Answer(refusing: UploadError(.incomplete, "Nothing arrived, so nothing was stored.")))
      }
      body.end(trailers: nil)
    case .storing: break
    case .answered: context.close(promise: nil)
    }
  }

  private func quiesce(_ context: ChannelHandlerContext) {
    guard !isQuiescing else { return }
    isQuiescing = true
    guard let body else { return context.close(promise: nil) }
    let grace = TimeAmount.nanoseconds(Int64(server.limits.grace.inSeconds * 1e9))
    graceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: grace) {
      body.fail(UploadError(.shuttingDown, "The server stopped before the upload was complete. Send it again."))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if state == .receiving { body?.fail(UploadError(.clientGone, "The connection broke in the middle.", cause: error)) }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    if state == .receiving { body?.fail(UploadError(.clientGone, "The client went away in the middle.")) }
    body = nil
    context.fireChannelInactive()
  }

  private func startTimer() {
    guard let context else { return }
    let idle = TimeAmount.nanoseconds(Int64(server.limits.idleTimeout.inSeconds * 1e9))
    let due = lastActivity + (state == .answered ? UploadHandler.lingerTime : idle)
    timer?.cancel()
    let soonest = context.eventLoop.now + .milliseconds(10)
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: max(due, soonest)) {
      self.timerFired(after: idle)
    }
  }

  private func timerFired(after idle: TimeAmount) {
    guard let context else { return }
    let now = context.eventLoop.now
    if state == .answered {
      if now - lastActivity >= UploadHandler.lingerTime { return context.close(promise: nil) }
    } else if state == .receiving, now - lastActivity >= idle {
      guard let body else { return context.close(promise: nil) }
      if body.hasRoom {
        body.fail(.silence(server.limits.idleTimeout))
      } else {
        lastActivity = now
      }
    } else if state == .storing {
      lastActivity = now
    }
    startTimer()
  }
}

extension RawUploadHandler: IncomingBodyDelegate {
  func bodyHasRoom() {
    if let context { lastActivity = context.eventLoop.now }
    guard readIsHeld else { return }
    readIsHeld = false
    context?.read()
  }

  func bodyEnded(_ result: Result<[StoredFile], UploadError>) {
    switch result {
    case .success(let files): answer(Answer.stored(files, status: .created))
    case .failure(let error): answer(Answer(refusing: error))
    }
  }

  /// Sends the one line and closes: at once when the sender has finished, else after reading on so that it arrives.
  private func answer(_ answer: Answer) {
    guard let context, state != .answered else { return }
    let senderFinished = state == .storing
    state = .answered
    body = nil
    lastActivity = context.eventLoop.now
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(answer.body), promise: written)
    written.futureResult.assumeIsolated().whenComplete { _ in
      context.close(mode: senderFinished ? .all : .output, promise: nil)
    }
    if readIsHeld {
      readIsHeld = false
      context.read()
    }
    startTimer()
  }
}
