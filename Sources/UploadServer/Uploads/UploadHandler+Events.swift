import NIOCore
import NIOHTTP1
import UploadCore

extension UploadHandler {
  // MARK: Time

  /// Looks after the connection's time: one timer a connection, set again only when it fires.
  func startTimer() {
    timer?.cancel()
    guard let context, !state.isLingering else { return }
    var due = lastActivity + server.limits.idleTime
    if state.isSkipping { due = min(due, answeredAt + Self.skipTime) }
    if let headSince { due = headSince + server.limits.headTime }
    if state.isReceiving, case .patient(let until) = pace?.verdict(at: context.eventLoop.now) { due = until }
    let soonest = context.eventLoop.now + .milliseconds(10)
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: max(due, soonest)) {
      self.timerFired()
    }
  }

  private func timerFired() {
    guard let context else { return }
    let idle = context.eventLoop.now - lastActivity
    if state.isReceiving {
      judgePace(at: context.eventLoop.now)
    } else if let headSince {
      if context.eventLoop.now - headSince >= server.limits.headTime { refuseLateHead() }
    } else if state.isSkipping, context.eventLoop.now - answeredAt >= Self.skipTime {
      // However little is left of a refused body, it does not trickle for ever.
      return context.close(promise: nil)
    } else if idle >= server.limits.idleTime {
      // A client that is slow to take its answer is not idle.
      let isUnread = answersOnTheirWay > 0 || readers?.hasUnread ?? false
      if (state.isIdle && !isUnread) || state.isSkipping { return context.close(promise: nil) }
      lastActivity = context.eventLoop.now
    }
    startTimer()
  }

  private func refuseLateHead() {
    headSince = nil
    hasLastRequest = true
    lingeringLimits = .response
    current = Current()
    current.client = ClientAddress(context?.remoteAddress)
    refuse(UploadError(.timedOut, "The head of the request did not come whole in time."))
  }

  private func judgePace(at now: NIODeadline) {
    notePace()
    switch pace?.verdict(at: now) {
    case .silent:
      lingeringLimits = .response
      body?.fail(.silence(server.limits.idleTimeout))
    case .tooSlow: body?.fail(.tooSlow(limit: server.limits.minRate ?? 0))
    case .patient, nil: break
    }
  }

  /// Bytes came from the client, whatever the decoder makes of them.
  func bytesCame(_ count: Int) {
    lingering?.received(count)
    guard isAtRest, headSince == nil, let context else { return }
    headSince = context.eventLoop.now
  }

  /// What came has been decoded: if a head has begun and is not complete its time runs.
  func bytesWereDecoded() {
    guard let headSince, let context else { return }
    guard isAtRest else { return self.headSince = nil }
    if headSince == context.eventLoop.now { startTimer() }
  }

  // MARK: Events

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent: quiesce(context)
    case let event as ChannelEvent where event == .inputClosed: inputDidClose(context)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// The server is stopping. The library would close the connection under a running upload, so it hears later.
  private func quiesce(_ context: ChannelHandlerContext) {
    guard !isQuiescing else { return }
    isQuiescing = true
    if state.isLingering { return context.close(promise: nil) }
    graceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: server.limits.graceTime) { self.graceEnded() }
    quiesceIsHeld = state.isReceiving || state.isStoring || state.isSkipping
    if !quiesceIsHeld { context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
  }

  private func graceEnded() {
    graceIsOver = true
    body?.fail(UploadError(.shuttingDown, "The server stopped before the upload was complete. Send it again."))
    closeIfHeld()
  }

  private func inputDidClose(_ context: ChannelHandlerContext) {
    inputClosed = true
    if state.isLingering { return context.close(promise: nil) }
    if state.isReceiving {
      return body?.fail(UploadError(.incomplete, "The body ended before it was complete. Send the file again.")) ?? ()
    }
    endIsHeld = !isAtRest
    if isAtRest { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as UploadError: refuse(error, context)
    case let error as HTTPParserError: refuse(.parsing(error), context)
    default:
      if state.isReceiving {
        body?.fail(UploadError(.clientGone, "The connection broke in the middle.", cause: error))
      }
      context.close(promise: nil)
    }
  }

  /// The request, or what comes instead of one, cannot be read: the decoder takes nothing more after this.
  func refuse(_ error: UploadError, _ context: ChannelHandlerContext) {
    hasLastRequest = true
    // What came before is still being answered, or waits for that; closing now would take those answers away.
    if state.isPassing || (state.isIdle && !queue.isEmpty) { return unreadable = error }
    current.keepAlive = false
    if state.isIdle {
      current = Current()
      current.client = ClientAddress(context.remoteAddress)
    }
    if state.isReceiving {
      body?.fail(error)
    } else if state.isIdle {
      // A connection that ends between requests is no error.
      if error.code != .incomplete { refuse(error) }
    } else if !state.isStoring, !state.isLingering {
      context.close(promise: nil)
    }
  }

  /// The turn has come to what could not be read: a request, or the rest of one. Behind a last answer it gets none.
  func refuseUnreadable(_ context: ChannelHandlerContext) {
    guard !state.isPassing, let error = unreadable else { return }
    unreadable = nil
    if current.keepAlive || !state.isIdle { refuse(error, context) }
  }
}

extension UploadError {
  /// What the decoder could not read.
  fileprivate static func parsing(_ error: HTTPParserError) -> UploadError {
    switch error {
    case .invalidEOFState, .closedConnection:
      UploadError(.incomplete, "The body ended before it was complete. Send the file again.", cause: error)
    case .headerOverflow:
      UploadError(
        .badRequest,
        "The head is too long: 16 KiB for the address and for a field, 64 KiB and 128 fields in all.",
        cause: error
      )
    default:
      UploadError(.badRequest, "That is not a well-formed HTTP request (\(error)).", cause: error)
    }
  }
}
