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
  private let result: EventLoopPromise<ExchangeResult>
  private var machine: ExchangeStateMachine
  private var timer = DeadlineTimer()
  /// The first error that the channel reported, or the error of the source that ended the exchange.
  private var cause: (any Error)?

  /// - Parameter result: completed exactly once, when the connection is closed or in the pool; it fails with
  ///   ``FailedAttempt``.
  init(_ attempt: UploadAttempt, result: EventLoopPromise<ExchangeResult>) {
    self.attempt = attempt
    self.result = result
    machine = ExchangeStateMachine(attempt.plan)
  }

  // MARK: Events of the channel

  /// Sends the request head: add the handler only to a connection that is established.
  func handlerAdded(context: ChannelHandlerContext) {
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
    case .head(let head): perform(machine.responded(ServerResponse(head), at: now), context)
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
      attempt.keep(context.channel, after: outcome)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      report(outcome)
    case .report(let outcome): report(outcome)
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
      // As a scheduled task even without a limit: an immediate one would run in the same event loop tick. With a receiver
      // that keeps up the loop would then never read a response, nor serve another upload.
      context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
        perform(machine.resumed(at: context.eventLoop.now), context)
      }
    }
  }

  /// Shows observers how many bytes were sent, and what the exchange waits for.
  ///
  /// A resumable upload may send bytes again that were sent before an interruption: the server had not received them, although
  /// the socket had accepted them. The meter continues to show the furthest position until the exchange has passed it, so
  /// that what it shows never shrinks, and nothing counts twice.
  private func updateMeter() {
    let (sent, shown) = (machine.body.position, attempt.meter.received)
    if sent > shown { attempt.meter.addReceived(Int(clamping: sent - shown)) }
    if let phase = machine.phase { attempt.meter.phase = attempt.part.uploadPhase(phase) }
  }

  private func close(resets: Bool, _ context: ChannelHandlerContext) {
    timer.cancel()
    observe(context)
    updateMeter()
    if resets { context.channel.abort() } else { context.close(promise: nil) }
  }

  private func report(_ outcome: ExchangeStateMachine.Outcome) {
    timer.cancel()
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
    let pause = size > 0 ? attempt.resources.limiter?.take(size, at: now.uptimeNanoseconds) ?? 0 : 0
    perform(machine.wroteOut(pause: .nanoseconds(Int64(clamping: pause)), at: now), context)
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
    onPool(context, { content in try content.read(range) }) { [self] reading in
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
    guard let deadline = machine.deadline, timer.isLate(for: deadline) else { return }
    timer.set(to: deadline, on: context.eventLoop) { [self] in
      timer = DeadlineTimer()
      observe(context)
      perform(machine.timerFired(at: context.eventLoop.now), context)
    }
  }

  /// Tells the state machine how much of the chunk that is being written the socket has accepted.
  private func observe(_ context: ChannelHandlerContext) {
    guard machine.body.currentChunkSize > 0, let options = context.channel.syncOptions,
      let queued = try? options.getOption(.bufferedWritableBytes)
    else { return }
    machine.observed(queued: queued, at: context.eventLoop.now)
  }
}

/// A timer for a deadline that moves later with almost every event. Set it only where ``isLate(for:)`` says so, and
/// assign a new `DeadlineTimer` when it has fired: one that has fired too early is then set again. So it costs a few
/// tasks a second and not one for each chunk.
struct DeadlineTimer {
  private var task: Scheduled<Void>?
  private var instant = NIODeadline.distantFuture

  /// Whether it would fire after `deadline`, or is not set.
  func isLate(for deadline: NIODeadline) -> Bool { deadline < instant }

  /// Has `action` called at `deadline`, and no longer at the previous one. Call it on `loop`, which also calls `action`.
  mutating func set(to deadline: NIODeadline, on loop: any EventLoop, action: @escaping () -> Void) {
    task?.cancel()
    instant = deadline
    task = loop.assumeIsolated().scheduleTask(deadline: deadline, action)
  }

  /// Stops the timer, which can be set again. Call it on the event loop.
  mutating func cancel() {
    task?.cancel()
    self = DeadlineTimer()
  }
}
