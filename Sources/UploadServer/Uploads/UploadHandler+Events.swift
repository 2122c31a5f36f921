import NIOCore
import NIOHTTP1
import UploadCore

extension UploadHandler {
  // MARK: Time

  /// Looks after the connection's time: one timer a connection, set again only when it fires.
  func startTimer() {
    timer?.cancel()
    guard let context else { return }
    let due = lastActivity + (state.isLingering ? lingerTime : idleTime)
    let soonest = context.eventLoop.now + .milliseconds(10)
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: max(due, soonest)) {
      self.timerFired()
    }
  }

  /// How long a client that has its last answer may be silent before its connection is closed. While the server stops
  /// that is short: many clients keep a connection until they want to use it again.
  private var lingerTime: TimeAmount {
    isQuiescing ? .seconds(1) : Self.lingerTime
  }

  private var idleTime: TimeAmount {
    TimeAmount.nanoseconds(Int64(server.limits.idleTimeout.inSeconds * 1e9))
  }

  private func timerFired() {
    guard let context else { return }
    let idle = context.eventLoop.now - lastActivity
    if state.isLingering {
      if idle >= lingerTime { return context.close(promise: nil) }
    } else if idle >= idleTime {
      // A client that is slow to take its answer is not idle.
      if (state.isIdle && answersOnTheirWay == 0) || state.isSkipping { return context.close(promise: nil) }
      // Only a client that could send counts as silent: a slow disk is not its fault.
      if state.isReceiving, body?.hasRoom ?? true {
        body?.fail(.silence(server.limits.idleTimeout))
      } else {
        lastActivity = context.eventLoop.now
      }
    }
    startTimer()
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
    let grace = TimeAmount.nanoseconds(Int64(server.limits.grace.inSeconds * 1e9))
    graceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: grace) { self.graceEnded() }
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
    if state.isIdle { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
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
  private func refuse(_ error: UploadError, _ context: ChannelHandlerContext) {
    current.keepAlive = false
    if state.isIdle { current.isHead = false }
    if state.isReceiving {
      body?.fail(error)
    } else if state.isIdle {
      // A connection that ends between requests is no error.
      if error.code != .incomplete { answer(Answer(refusing: error)) }
    } else if !state.isStoring, !state.isLingering {
      context.close(promise: nil)
    }
  }
}

extension UploadError {
  /// What the decoder could not read.
  fileprivate static func parsing(_ error: HTTPParserError) -> UploadError {
    switch error {
    case .invalidEOFState, .closedConnection:
      UploadError(.incomplete, "The body ended before it was complete. Send the file again.", cause: error)
    case .headerOverflow:
      UploadError(.badRequest, "The header fields are too long: 16 KiB a field, 64 KiB in all.", cause: error)
    default:
      UploadError(.badRequest, "That is not a well-formed HTTP request (\(error)).", cause: error)
    }
  }
}
