import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// Performs the actions of ``ExchangeStateMachine`` for one attempt on one connection. At its end it closes the
/// connection, or removes itself and gives the connection to the pool.
///
/// Bound to its event loop. What may block (reading and checking the source) runs on the thread pool.
final class ExchangeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let attempt: UploadAttempt
  private let isNew: Bool
  private let result: EventLoopPromise<ExchangeResult>
  private var machine: ExchangeStateMachine
  private var timer = DeadlineTimer()
  /// Tells what the upload waits for; nil for a request without content.
  private var link: LinkMonitor?
  /// Continues the body after a chunk; nil while no chunk waits for that.
  private var resumption: Scheduled<Void>?
  /// When the limit on all uploads together permits the next chunk.
  private var limitEnd = NIODeadline.uptimeNanoseconds(0)
  /// Offset in the content from which on bytes count for the limits that the user sets.
  private var countedFrom: UInt64 = 0
  /// The first error that the channel reported, or the error of the source that ended the exchange.
  private var cause: (any Error)?

  /// - Parameters:
  ///   - isNew: whether the connection has served no exchange before.
  ///   - result: completed exactly once, when the connection is closed or in the pool; it fails with ``FailedAttempt``.
  init(_ attempt: UploadAttempt, isNew: Bool, result: EventLoopPromise<ExchangeResult>) {
    self.attempt = attempt
    self.isNew = isNew
    self.result = result
    machine = ExchangeStateMachine(attempt.plan)
  }

  // MARK: Events of the channel

  /// Sends the request head: add the handler only to a connection that is established.
  func handlerAdded(context: ChannelHandlerContext) {
    attempt.resources.loads.add(1, on: context.eventLoop)
    if attempt.part != .nothing { link = attempt.linkMonitor(isNew: isNew, at: context.eventLoop.now) }
    let (handler, loop) = (NIOLoopBound((self, context), eventLoop: context.eventLoop), context.eventLoop)
    attempt.meter.onLimitChange { loop.execute { handler.value.0.limitChanged(handler.value.1) } }
    machine.limitChunks(to: attempt.meter.limitedChunk)
    perform(machine.connected(at: context.eventLoop.now), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    perform(machine.removed(), context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if cause == nil { cause = error }
    switch error {
    // The connection is closed, which the channel reports next.
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: return
    case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: context.close(promise: nil)
    default: perform(machine.responseMalformed(), context)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = context.eventLoop.now
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      // The server may close the connection with the response.
      if head.status.code >= 200, machine.body.isSent { endLink(context) }
      perform(machine.responded(ServerResponse(head), at: now), context)
    case .body(let bytes):
      if machine.passesBody, let isNeeded = attempt.onResponseBody?(bytes), !isNeeded {
        return perform(machine.responseNotNeeded(at: now), context)
      }
      perform(machine.responseContinued(bytes, at: now), context)
    case .end: perform(machine.responseEnded(at: now), context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let event as UploadCancellation.Event:
      if event.source === attempt.cancellation { perform(machine.cancelled(), context) }
    case let event as UploadPause.Event:
      if event.source === attempt.pause { perform(machine.paused(), context) }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  // MARK: Actions

  private func perform(_ action: ExchangeStateMachine.Action, _ context: ChannelHandlerContext) {
    // Once the result is reported, the meter belongs to the next attempt.
    guard action != .none || !machine.isOver else { return }
    updateMeter()
    switch action {
    case .none: break
    case .sendHead:
      attempt.meter.setNetworkBytes(attempt.networkBytes)
      context.writeAndFlush(NIOAny(OutboundOut.head(attempt.request.head)), promise: nil)
      perform(machine.sentHead(at: context.eventLoop.now), context)
    case .body(let action): perform(action, context)
    case .probe:
      onPool(context, { content in try content.check() }) { [self] _ in machine.probed() }
    case .close(let resets): close(resets: resets, context)
    case .keep(let outcome):
      endLink(context)
      attempt.keep(context.channel, after: outcome)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      report(outcome, context)
    case .report(let outcome): report(outcome, context)
    }
    scheduleTimer(context)
  }

  private func perform(_ action: BodyStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .read(let range): read(range, context)
    case .write(let range): write(range, context)
    case .check:
      onPool(context, { content in try content.check() }) { [self] _ in
        perform(machine.checked(at: context.eventLoop.now), context)
      }
    case .writeEnd: writeEnd(context)
    case .pause(let time):
      resume(in: time, context)
    }
  }

  /// Continues the body: as a scheduled task even without a limit, since an immediate one would run in the same event
  /// loop tick. With a receiver that keeps up the loop would then never read a response, nor serve another upload.
  private func resume(in time: TimeAmount, _ context: ChannelHandlerContext) {
    resumption = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      resumption = nil
      perform(machine.resumed(at: context.eventLoop.now), context)
    }
  }

  /// The user has changed the limit on the upload or its tree: the next chunk is sent when the new one permits it.
  private func limitChanged(_ context: ChannelHandlerContext) {
    guard !machine.isOver else { return }
    machine.limitChunks(to: attempt.meter.limitedChunk)
    observe(context)
    countedFrom = machine.body.position
    guard machine.body.isLimited, let task = resumption else { return }
    task.cancel()
    let now = context.eventLoop.now
    let wait = TimeAmount.nanoseconds(Int64(clamping: attempt.meter.limitWait(at: now.uptimeNanoseconds)))
    resume(in: max(wait, limitEnd - now, .zero), context)
  }

  /// Shows observers how many bytes were sent, and what the exchange waits for.
  ///
  /// A resumable upload may send bytes again that were sent before an interruption: the server had not received them, although
  /// the socket had accepted them. The meter continues to show the furthest position until the exchange has passed it, so
  /// that what it shows never shrinks, and nothing counts twice.
  private func updateMeter() {
    let (sent, shown) = (machine.body.position, attempt.meter.received)
    if sent > shown { attempt.meter.addReceived(Int(clamping: sent - shown)) }
    guard let phase = machine.phase.map(attempt.part.uploadPhase) else { return }
    let isSilent = link?.isSilent == true && (phase == .peer || phase == .response)
    let current = isSilent ? .network : phase
    // Before it is known that the socket has accepted the first byte it is written already.
    let isFirst = current == .waiting && attempt.part != .nothing && machine.body.hasBegun
    attempt.meter.set(current, countedAs: isFirst ? .peer : current)
  }

  private func close(resets: Bool, _ context: ChannelHandlerContext) {
    timer.cancel()
    observe(context)
    endLink(context)
    updateMeter()
    if resets { context.channel.abort() } else { context.close(promise: nil) }
  }

  private func report(_ outcome: ExchangeStateMachine.Outcome, _ context: ChannelHandlerContext) {
    timer.cancel()
    attempt.resources.loads.add(-1, on: context.eventLoop)
    // Would retain this handler.
    attempt.meter.onLimitChange {}
    let body = machine.body
    switch outcome {
    case .response(let response):
      result.succeed(
        ExchangeResult(
          response: response,
          isBodyBegun: body.hasBegun,
          isBodySent: body.isSent,
          reach: body.reach,
          ignoresExpectation: machine.ignoresExpectation
        )
      )
    case .failure(let failure):
      result.fail(
        FailedAttempt(
          error: failure.error(
            of: attempt.meter,
            from: attempt.connector.server.name,
            attempt.resources.configuration,
            cause: cause
          ),
          // A server that has the whole body may have stored it: sent again, the file would be stored twice.
          isTemporary: failure.isTemporary && !body.isSent,
          isSourceUsed: body.hasBegun,
          failure: failure,
          isBodySent: body.isSent,
          reach: body.reach
        )
      )
    }
  }

  // MARK: Writing

  private func write(_ range: Range<UInt64>, _ context: ChannelHandlerContext) {
    guard let data = attempt.content.chunk(range) else { return sourceFailed(BodyContent.rangeError, context) }
    // The start of a form is flushed with the first chunk of the content, not in a packet of its own.
    if range.lowerBound == 0 { write(attempt.request.prefix, context) }
    context.writeAndFlush(NIOAny(OutboundOut.body(data)), promise: writePromise(context))
  }

  private func writeEnd(_ context: ChannelHandlerContext) {
    if machine.body.sentBytes == 0 { write(attempt.request.prefix, context) }
    write(attempt.request.suffix, context)
    context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: writePromise(context))
  }

  private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    guard !bytes.isEmpty else { return }
    let buffer = context.channel.allocator.buffer(bytes: bytes)
    context.write(NIOAny(OutboundOut.body(.byteBuffer(buffer))), promise: nil)
  }

  private func writePromise(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { [self] result in
      guard case .failure(let error) = result else { return wroteOut(context) }
      writeFailed(error, context)
    }
    return promise
  }

  private func wroteOut(_ context: ChannelHandlerContext) {
    let (size, now) = (machine.body.currentChunkSize, context.eventLoop.now)
    guard size > 0 else { return noteWritten(.zero, at: now, context) }
    let pause = attempt.resources.limiter?.take(size, at: now.uptimeNanoseconds) ?? 0
    limitEnd = now + .nanoseconds(Int64(clamping: pause))
    // What was accepted before a limit was set does not count for it.
    let counted = min(UInt64(size), machine.body.reach - min(countedFrom, machine.body.reach))
    let userPause = attempt.meter.takeOfLimit(Int(clamping: counted), at: now.uptimeNanoseconds)
    noteWritten(.nanoseconds(Int64(clamping: max(pause, userPause))), at: now, context)
  }

  /// - Parameter pause: how long the limits delay the next chunk.
  private func noteWritten(_ pause: TimeAmount, at now: NIODeadline, _ context: ChannelHandlerContext) {
    perform(machine.wroteOut(pause: pause, at: now), context)
    if !machine.isOver { link?.note(isSent: machine.body.isSent, at: now, context) }
  }

  private func writeFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    if cause == nil { cause = error }
    guard machine.body.isWriting, case .file(let source) = attempt.content,
      let code = (error as? IOError)?.errnoCode, SourceFailure.isReadError(code)
    else { return }
    sourceFailed(SourceFailure.reading(source.label, code), context)
  }

  // MARK: The source

  /// - Parameter range: bytes of a file; nil for the next bytes of a stream.
  private func read(_ range: Range<UInt64>?, _ context: ChannelHandlerContext) {
    let limit = machine.body.chunkLimit
    onPool(context, { content in try content.read(range, atMost: limit) }) { [self] reading in
      switch reading {
      case .bytes(let count): perform(machine.didRead(count, at: context.eventLoop.now), context)
      case .end: perform(machine.didRead(0, at: context.eventLoop.now), context)
      case .nothingYet:
        if machine.body.wait == .input { read(range, context) }
      }
    }
  }

  /// Runs `work` on the thread pool, and calls `event` with its value on the event loop; an error ends the exchange.
  private func onPool<Value: Sendable>(
    _ context: ChannelHandlerContext,
    _ work: @escaping @Sendable (BodyContent) throws -> Value,
    then event: @escaping (Value) -> Void
  ) {
    let content = attempt.content
    attempt.resources.threadPool.runIfActive(eventLoop: context.eventLoop) { try work(content) }
      .assumeIsolated()
      .whenComplete { [self] result in
        switch result {
        case .success(let value): event(value)
        case .failure(let error): sourceFailed(error, context)
        }
      }
  }

  private func sourceFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    let action = machine.sourceFailed()
    if action != .none { cause = error }
    perform(action, context)
  }

  // MARK: Time

  private func scheduleTimer(_ context: ChannelHandlerContext) {
    guard var deadline = machine.deadline else { return }
    // While a chunk is written, the observations of it are frequent enough.
    if machine.body.isSent, let reading = link?.deadline { deadline = min(deadline, reading) }
    guard timer.isLate(for: deadline) else { return }
    timer.set(to: deadline, on: context.eventLoop) { [self] in
      timer = DeadlineTimer()
      observe(context)
      link?.note(isSent: machine.body.isSent, at: context.eventLoop.now, context)
      updateMeter()
      perform(machine.timerFired(at: context.eventLoop.now), context)
    }
  }

  private func endLink(_ context: ChannelHandlerContext) {
    link?.end(isSent: machine.body.isSent, at: context.eventLoop.now, context)
  }

  /// Tells the state machine how much of the chunk that is being written the socket has accepted.
  private func observe(_ context: ChannelHandlerContext) {
    guard machine.body.currentChunkSize > 0, let options = context.channel.syncOptions,
      let queued = try? options.getOption(.bufferedWritableBytes)
    else { return }
    machine.observed(queued: queued, at: context.eventLoop.now)
  }
}
