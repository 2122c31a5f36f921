import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// What the library sends passes here.
extension UploadHandler {
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var response):
      if state.isPassing, response.status.isRejection { noteRejection(response.status, response.status.reasonPhrase) }
      if !current.keepAlive || isQuiescing { response.headerFields[.connection] = "close" }
      addOrigin(to: &response.headerFields)
      context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .end:
      let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
      awaitSending(sent.futureResult)
      context.write(data, promise: sent)
      state.libraryAnswered()
      requestIsOver()
    default: context.write(data, promise: promise)
    }
  }

  /// A library that is told to stop closes right behind its last write, and closing drops what the socket has not taken:
  /// the end of a download to a slow client. So this waits until all is sent, or the server's grace is over.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, isQuiescing, !graceIsOver, answersOnTheirWay > 0 else {
      return context.close(mode: mode, promise: promise)
    }
    let held = heldClose ?? context.eventLoop.makePromise(of: Void.self)
    heldClose = held
    if let promise { held.futureResult.cascade(to: promise) }
  }

  /// Counts an answer until the socket has taken its end.
  func awaitSending(_ sent: EventLoopFuture<Void>) {
    answersOnTheirWay += 1
    sent.assumeIsolated().whenComplete { _ in self.answerIsSent() }
  }

  private func answerIsSent() {
    answersOnTheirWay -= 1
    if let context, !state.isLingering { lastActivity = context.eventLoop.now }
    if answersOnTheirWay == 0 { closeIfHeld() }
  }

  /// Does what the library wanted before.
  func closeIfHeld() {
    guard let held = heldClose else { return }
    heldClose = nil
    guard let context else { return held.succeed() }
    context.close(promise: held)
  }
}

extension HTTPResponse.Status {
  /// Whether a response to a page or a download says that the request was rejected. What asks for a file that is not
  /// there, or for a range or a version that it does not have, is answered, not rejected.
  fileprivate var isRejection: Bool {
    code >= 400 && ![HTTPResponse.Status.notFound, .preconditionFailed, .rangeNotSatisfiable].contains(self)
  }
}
