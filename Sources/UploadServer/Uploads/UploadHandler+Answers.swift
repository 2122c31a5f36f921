import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadStorage

extension UploadHandler: IncomingBodyDelegate {
  func bodyHasRoom() {
    // The wait was the disk's, or the budget's: the client's time begins anew.
    if limitTimer != nil { body?.noteLimit(true) }
    notePace()
    resumeReading()
  }

  func bodyEnded(_ result: Result<[StoredFile], UploadError>) {
    let hasUploads = body?.hasUploads ?? false
    body = nil
    stopCounting()
    limitTimer?.cancel()
    (limitTimer, pace) = (nil, nil)
    guard state.isReceiving || state.isStoring else { return }
    switch result {
    case .success(let files):
      let replaced = current.isPut && files.contains { $0.replaced }
      let status: HTTPResponse.Status = replaced ? .ok : .created
      var response = current.page.map { Answer.page($0.stored(files), status: status) }
      response?.describe(files, path: current.path)
      answer(response ?? .stored(files, status: status, path: current.path))
    case .failure(let error):
      // Uploads that were begun have failed, and are reported as such.
      if !hasUploads { noteRejection(error.code.status, error.message) }
      answer(Answer(refusing: error))
    }
  }

  /// Rejects a request of which no upload was begun, and reports that.
  /// - Parameter retryAfter: seconds after which the client may try again, where they are known.
  func refuse(_ error: UploadError, retryAfter: Int? = nil) {
    stopCounting()
    noteRejection(error.code.status, error.message)
    var response = Answer(refusing: error)
    if let retryAfter { response.fields[.retryAfter] = String(retryAfter) }
    answer(response)
  }

  /// Reports that the current request is rejected.
  func noteRejection(_ status: HTTPResponse.Status, _ reason: String) {
    server.noteRejection(of: current.client, current.method, current.target, status, reason)
  }

  /// Answers the current request, and keeps the connection or closes it so that the answer arrives.
  func answer(_ answer: Answer) {
    guard let context else { return }
    let answer = answer.shown(on: current.page)
    // After the client's end only what it had pipelined before is still to be answered.
    let isLast = inputClosed && queue.isEmpty
    let isTimeout = answer.status == .requestTimeout
    // Nobody knows whether a client that was promised no 100 still sends its body: that connection cannot go on.
    let mayNotSend = current.expectsContinue && current.received == 0
    let unread = state.isStoring ? 0 : mayNotSend ? nil : current.remaining
    let remainder: LingeringCloseStateMachine.Remainder =
      state.isStoring ? .nothing : mayNotSend || hasLastRequest ? .unknown : unread == 0 ? .nothing : .body
    let after = state.answer(
      keepAlive: current.keepAlive && !isQuiescing && !isLast && !isTimeout,
      remaining: unread
    )
    var response = HTTPResponse(status: answer.status, headerFields: answer.fields)
    response.headerFields[.date] = HTTPDate.text(CurrentTime.seconds)
    response.headerFields[.server] = "sluice"
    if after == .linger { response.headerFields[.connection] = "close" }
    if answer.status == .methodNotAllowed { response.headerFields[.allow] = current.allow }
    if answer.status == .unauthorized { response.headerFields[values: .wwwAuthenticate] = AccessGate.challenges }
    addOrigin(to: &response.headerFields)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if !current.isHead { context.write(wrapOutboundOut(.body(answer.body)), promise: nil) }
    let sent = context.eventLoop.makePromise(of: Void.self)
    awaitSending(sent.futureResult)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    lastActivity = context.eventLoop.now
    answeredAt = lastActivity
    switch after {
    case .keep: requestIsOver()
    case .linger: linger(remainder, context)
    }
  }

  /// Lets pages of the origin that asked read the answer, where that is allowed (the fetch standard's CORS protocol).
  func addOrigin(to fields: inout HTTPFields) {
    guard let origin = current.allowedOrigin else { return }
    fields[.accessControlAllowOrigin] = origin
    fields[.vary] = "Origin"
  }

  /// The request is answered: the next one may be taken, and what was held back goes on.
  func requestIsOver() {
    guard let context else { return }
    lastActivity = context.eventLoop.now
    goOn()
  }

  /// Goes on between requests, as far as the client takes its answers.
  func goOn() {
    guard let context, takeQueued() else { return }
    // The client has to take answers first.
    if state.isIdle, !queue.isEmpty { return }
    refuseUnreadable(context)
    if state.isIdle { passHeldEvents(context) }
    resumeReading()
  }

  /// Tells the library what it was not to hear in the middle of a request.
  func passHeldEvents(_ context: ChannelHandlerContext) {
    if quiesceIsHeld {
      quiesceIsHeld = false
      context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
    if endIsHeld {
      endIsHeld = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
  }

  /// Reads and discards what the client still sends, then closes.
  private func linger(_ remainder: LingeringCloseStateMachine.Remainder, _ context: ChannelHandlerContext) {
    timer?.cancel()
    if inputClosed {
      context.close(mode: .output, promise: nil)
      return context.close(promise: nil)
    }
    let limits = lingeringLimits ?? (isQuiescing ? .stopping : nil)
    let lingering = LingeringClose(remainder, of: current.client, limits: limits, server: server, context: context)
    self.lingering = lingering
    // The end of the request itself may be among what was queued while another was answered.
    if queue.hasEnd { lingering.end() }
    queue.removeAll()
    lingering.proceed()
    resumeReading()
  }
}
