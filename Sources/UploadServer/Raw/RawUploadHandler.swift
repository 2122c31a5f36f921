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
  private var client = ClientAddress(nil)
  private var isCounted = false
  private var pace: ClientPace?
  private var throttle = ReadThrottle()
  /// Reads are held back by a rate limit until it fires.
  private var limitTimer: Scheduled<Void>?
  private var isQuiescing = false
  /// The client timed out: nothing more is expected of it after the response.
  private var endsSoon = false
  /// What reads and discards after the response.
  private var lingering: LingeringClose?
  /// In the event loop's time, which tests drive.
  private var lastActivity = NIODeadline.distantPast
  private var timer: Scheduled<Void>?
  private var graceTimer: Scheduled<Void>?

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
    limitTimer?.cancel()
    lingering?.stop()
    lingering = nil
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard state == .receiving else { return lingering?.received(bytes.readableBytes) ?? () }
    lastActivity = context.eventLoop.now
    if body == nil { begin(context) }
    body?.receive(bytes)
    noteTaken(bytes.readableBytes, context)
  }

  private func begin(_ context: ChannelHandlerContext) {
    client = ClientAddress(context.remoteAddress)
    if let error = server.refuseOrCount(client) {
      server.noteRejection(of: client, nil, nil, error.code.status, error.message)
      return answer(Answer(refusing: error))
    }
    isCounted = true
    throttle = ReadThrottle(shared: server.limiter, rate: server.limits.ratePerUpload)
    pace = ClientPace(
      idleTimeout: server.limits.idleTime,
      minRate: server.limits.minRate?.bytes,
      at: context.eventLoop.now
    )
    if server.limits.minRate != nil { startTimer() }
    let name = WantedName(nil)
    let meter = UploadMeter(
      direction: .incoming,
      mode: .raw,
      name: name.fileName(type: nil).description,
      size: nil,
      remote: client.text
    )
    body = SingleUpload(meter, name: name, context: server, eventLoop: context.eventLoop, delegate: self)
  }

  func read(context: ChannelHandlerContext) {
    if wantsRead { context.read() } else { readIsHeld = true }
  }

  private var wantsRead: Bool {
    state != .receiving || (limitTimer == nil && (body?.hasRoom ?? true))
  }

  /// Bytes have come: they are paid for, and the client's clock goes on.
  private func noteTaken(_ count: Int, _ context: ChannelHandlerContext) {
    guard state == .receiving, body != nil else { return }
    pace?.took(count, at: context.eventLoop.now)
    let wait = throttle.wait(after: count, at: context.eventLoop.now)
    if wait > .zero {
      limitTimer?.cancel()
      limitTimer = context.eventLoop.assumeIsolated().scheduleTask(in: wait) {
        self.limitTimer = nil
        self.body?.noteLimit(false)
        self.goOn()
      }
      body?.noteLimit(true)
    }
    notePace()
  }

  private func notePace() {
    guard let context else { return }
    pace?.note(canSend: limitTimer == nil && (body?.hasRoom ?? true), at: context.eventLoop.now)
  }

  /// Reads on if that was wanted and nothing is against it.
  private func goOn() {
    notePace()
    guard readIsHeld, wantsRead else { return }
    readIsHeld = false
    context?.read()
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
        let error = UploadError(.incomplete, "Nothing arrived, so nothing was stored.")
        let client = ClientAddress(context.remoteAddress)
        server.noteRejection(of: client, nil, nil, error.code.status, error.message)
        return answer(Answer(refusing: error))
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
    graceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: server.limits.graceTime) {
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
    stopCounting()
    lingering?.stop()
    context.fireChannelInactive()
  }

  private func startTimer() {
    guard let context, state != .answered else { return }
    var due = lastActivity + server.limits.idleTime
    if state == .receiving, case .patient(let until) = pace?.verdict(at: context.eventLoop.now) { due = until }
    timer?.cancel()
    let soonest = context.eventLoop.now + .milliseconds(10)
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: max(due, soonest)) {
      self.timerFired()
    }
  }

  private func timerFired() {
    guard let context else { return }
    let now = context.eventLoop.now
    if state == .receiving {
      guard body != nil || now - lastActivity < server.limits.idleTime else { return context.close(promise: nil) }
      notePace()
      switch pace?.verdict(at: now) {
      case .silent:
        endsSoon = true
        body?.fail(.silence(server.limits.idleTimeout))
      case .tooSlow: body?.fail(.tooSlow(limit: server.limits.minRate ?? 0))
      case .patient, nil: break
      }
    } else if state == .storing {
      lastActivity = now
    }
    startTimer()
  }
}

extension RawUploadHandler: IncomingBodyDelegate {
  func bodyHasRoom() {
    if limitTimer != nil { body?.noteLimit(true) }
    goOn()
  }

  func bodyEnded(_ result: Result<[StoredFile], UploadError>) {
    stopCounting()
    limitTimer?.cancel()
    (limitTimer, pace) = (nil, nil)
    switch result {
    case .success(let files): answer(Answer.stored(files, status: .created))
    case .failure(let error): answer(Answer(refusing: error))
    }
  }

  private func stopCounting() {
    guard isCounted else { return }
    isCounted = false
    server.uploadEnded(of: client)
  }

  /// Sends the one line and closes: at once when the sender has finished, else after reading on so that it arrives.
  private func answer(_ answer: Answer) {
    guard let context, state != .answered else { return }
    let senderFinished = state == .storing
    state = .answered
    body = nil
    timer?.cancel()
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(answer.body), promise: written)
    if senderFinished {
      written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    } else {
      // FIN is the end of the body, and closes the connection.
      let limits: LingeringCloseStateMachine.Limits? = endsSoon ? .response : isQuiescing ? .stopping : nil
      let lingering = LingeringClose(.body, of: client, limits: limits, server: server, context: context)
      self.lingering = lingering
      lingering.proceed()
    }
    if readIsHeld {
      readIsHeld = false
      context.read()
    }
  }
}
