import Glibc
package import NIOCore
package import NIOHTTP1
import NIOSSL
import UploadCore

/// Performs the actions of ``ExchangeStateMachine`` for one request on one connection. At its end it closes the connection, or
/// removes itself and gives the connection to its delegate.
///
/// Bound to its event loop. What may block (reading and checking the source) runs on the delegate's thread pool.
package final class ExchangeHandler: ChannelDuplexHandler, RemovableChannelHandler {
  package typealias InboundIn = HTTPClientResponsePart
  package typealias OutboundIn = HTTPClientRequestPart
  package typealias OutboundOut = HTTPClientRequestPart

  /// What sendfile reports when the file cannot be read, and not the connection written to.
  private static let readErrors: Set<CInt> = [EIO, EINVAL, ENXIO, EOVERFLOW, ESTALE, ENODATA]

  /// Identifies the exchange in an ``ExchangeInterruption``.
  package let token = ExchangeToken()

  private let delegate: any ExchangeDelegate
  private let monitor: (any ExchangeMonitor)?
  private let result: EventLoopPromise<ExchangeResult>
  private var machine: ExchangeStateMachine
  private var timer = DeadlineTimer()
  /// Continues the body after a chunk, from `time` on; nil while no chunk waits for that.
  private var resumption: (task: Scheduled<Void>, time: NIODeadline)?
  /// The first error that the channel reported, or the error of the source or the receiver that ended the exchange.
  private var cause: (any Error)?

  /// - Parameter result: completed exactly once, when the connection is closed or given to the delegate; it fails with
  ///   ``FailedExchange``.
  package init(
    _ delegate: any ExchangeDelegate,
    _ plan: ExchangeStateMachine.Plan,
    result: EventLoopPromise<ExchangeResult>
  ) {
    (self.delegate, self.result) = (delegate, result)
    monitor = delegate.monitor
    machine = ExchangeStateMachine(plan)
  }

  // MARK: Events of the channel

  /// Sends the request head: add the handler only to a connection that is established.
  package func handlerAdded(context: ChannelHandlerContext) {
    if let monitor {
      let (handler, loop) = (NIOLoopBound((self, context), eventLoop: context.eventLoop), context.eventLoop)
      monitor.begins(context) { loop.execute { handler.value.0.limitChanged(handler.value.1) } }
      machine.limitChunks(to: monitor.chunkLimit)
    }
    perform(machine.connected(at: context.eventLoop.now), context)
  }

  package func channelInactive(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    context.fireChannelInactive()
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    perform(machine.removed(), context)
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if cause == nil { cause = error }
    switch error {
    // The connection is closed, which the channel reports next.
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: return
    case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: context.close(promise: nil)
    default: perform(machine.responseMalformed(), context)
    }
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = context.eventLoop.now
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      // The server may close the connection with the response.
      if head.status.code >= 200, machine.body.isSent { monitor?.connectionEnds(machine.body, context) }
      let response = ExchangeResponse(head)
      guard delegate.accepts(response) else { return perform(machine.responseUnexpected(), context) }
      perform(machine.responded(response, at: now), context)
    case .body(let bytes): perform(machine.responseContinued(bytes, at: now), context)
    case .end: perform(machine.responseEnded(at: now), context)
    }
  }

  package func read(context: ChannelHandlerContext) {
    if machine.readRequested() { context.read() }
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? ExchangeInterruption else { return context.fireUserInboundEventTriggered(event) }
    guard event.exchange === token else { return }
    switch event.kind {
    case .cancellation: perform(machine.cancelled(), context)
    case .pause: perform(machine.paused(), context)
    }
  }

  // MARK: Actions

  private func perform(_ action: ExchangeStateMachine.Action, _ context: ChannelHandlerContext) {
    // Once the result is reported, what the monitor writes belongs to the next exchange.
    guard action != .none || !machine.isOver else { return }
    monitor?.progressed(machine)
    if machine.takePendingRead() { context.read() }
    switch action {
    case .none: break
    case .sendHead: sendHead(context)
    case .body(let action): perform(action, context)
    case .probe: check(context) { [self] in machine.probed() }
    case .pass(let bytes): pass(bytes, context)
    case .close(let resets): close(resets: resets, context)
    case .keep(let response):
      monitor?.connectionEnds(machine.body, context)
      delegate.keep(context.channel, after: response)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      report(.response(response), context)
    case .report(let outcome): report(outcome, context)
    }
    scheduleTimer(context)
  }

  private func perform(_ action: BodyStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .read(let range): read(range, context)
    case .write(let range): write(range, context)
    case .check: check(context) { [self] in perform(machine.checked(at: context.eventLoop.now), context) }
    case .writeEnd: writeEnd(context)
    case .pause(let time): resume(in: time, context)
    }
  }

  /// Continues the body: as a scheduled task even without a limit, since an immediate one would run in the same event
  /// loop tick. With a receiver that keeps up the loop would then never read a response, nor serve another connection.
  private func resume(in time: TimeAmount, _ context: ChannelHandlerContext) {
    let end = context.eventLoop.now + time
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: end) { [self] in
      let now = context.eventLoop.now
      // A task that is cancelled in the tick in which it is due runs nevertheless.
      guard let resumption, now >= resumption.time else { return }
      self.resumption = nil
      perform(machine.resumed(at: now), context)
    }
    resumption = (task, end)
  }

  /// The limits on the rate have changed: the next chunk is sent when the new ones permit it.
  func limitChanged(_ context: ChannelHandlerContext) {
    guard let monitor, !machine.isOver else { return }
    machine.limitChunks(to: monitor.chunkLimit)
    observe(context)
    let wait = monitor.limitChanged(machine.body, at: context.eventLoop.now)
    guard machine.body.isLimited, let resumption else { return }
    resumption.task.cancel()
    resume(in: wait, context)
  }

  private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    switch delegate.receive(bytes) {
    case .used: perform(machine.passedOn(at: context.eventLoop.now), context)
    case .last: perform(machine.responseNotNeeded(at: context.eventLoop.now), context)
    case .later(let use):
      use.hop(to: context.eventLoop).assumeIsolated().whenComplete { [self] result in
        switch result {
        case .success: perform(machine.passedOn(at: context.eventLoop.now), context)
        case .failure(let error): perform(machine.receiverFailed(), because: error, context)
        }
      }
    }
  }

  private func close(resets: Bool, _ context: ChannelHandlerContext) {
    timer.cancel()
    observe(context)
    monitor?.connectionEnds(machine.body, context)
    monitor?.progressed(machine)
    if resets { context.channel.abort() } else { context.close(promise: nil) }
  }

  private func report(_ outcome: ExchangeStateMachine.Outcome, _ context: ChannelHandlerContext) {
    timer.cancel()
    monitor?.ended(context)
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
    case .failure(let failure): result.fail(FailedExchange(failure, cause: cause, body))
    }
  }

  // MARK: Writing

  private func sendHead(_ context: ChannelHandlerContext) {
    context.write(NIOAny(OutboundOut.head(delegate.head)), promise: nil)
    let next = machine.sentHead(at: context.eventLoop.now)
    switch next {
    // Not in a packet of its own.
    case .body(.write), .body(.writeEnd): break
    case .none, .sendHead, .body, .probe, .pass, .close, .keep, .report: context.flush()
    }
    // A write that fails may have ended it.
    guard !machine.isOver else { return }
    perform(next, context)
  }

  private func write(_ range: Range<UInt64>, _ context: ChannelHandlerContext) {
    let data: IOData
    do {
      data = try delegate.chunk(range)
    } catch {
      return sourceFailed(error, context)
    }
    // The start of a form is flushed with the first chunk of the content, not in a packet of its own.
    if range.lowerBound == 0 { write(delegate.prefix, context) }
    context.writeAndFlush(NIOAny(OutboundOut.body(data)), promise: writePromise(context))
  }

  private func writeEnd(_ context: ChannelHandlerContext) {
    if machine.body.sentBytes == 0 { write(delegate.prefix, context) }
    write(delegate.suffix, context)
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
    let (body, now) = (machine.body, context.eventLoop.now)
    let pause = body.currentChunkSize > 0 ? monitor?.pause(after: body, at: now) : nil
    perform(machine.wroteOut(pause: pause ?? .zero, at: now), context)
    if !machine.isOver { monitor?.observe(machine.body, context) }
  }

  private func writeFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    if cause == nil { cause = error }
    guard machine.body.isWriting, let code = (error as? IOError)?.errnoCode, Self.readErrors.contains(code),
      let failure = delegate.sourceError(code)
    else { return }
    sourceFailed(failure, context)
  }

  // MARK: The source

  /// - Parameter range: bytes of a file; nil for the next bytes of a stream.
  private func read(_ range: Range<UInt64>?, _ context: ChannelHandlerContext) {
    delegate.read(range, atMost: machine.body.chunkLimit, on: context.eventLoop).assumeIsolated()
      .whenComplete { [self] result in
        let now = context.eventLoop.now
        switch result {
        case .success(.bytes(let count)): perform(machine.didRead(count, at: now), context)
        case .success(.end): perform(machine.didRead(0, at: now), context)
        case .success(.nothingYet):
          if machine.body.wait == .input { read(range, context) }
        case .failure(let error): sourceFailed(error, context)
        }
      }
  }

  /// Checks the source, and calls `event` when it has not changed; otherwise the exchange ends.
  private func check(_ context: ChannelHandlerContext, then event: @escaping () -> Void) {
    delegate.check(on: context.eventLoop).assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success: event()
      case .failure(let error): sourceFailed(error, context)
      }
    }
  }

  private func sourceFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    perform(machine.sourceFailed(), because: error, context)
  }

  private func perform(
    _ action: ExchangeStateMachine.Action,
    because error: any Error,
    _ context: ChannelHandlerContext
  ) {
    if action != .none { cause = error }
    perform(action, context)
  }

  // MARK: Time

  private func scheduleTimer(_ context: ChannelHandlerContext) {
    guard var deadline = machine.deadline else { return }
    // While a chunk is written, the observations of it are frequent enough.
    if machine.body.isSent, let reading = monitor?.deadline { deadline = min(deadline, reading) }
    guard timer.isLate(for: deadline) else { return }
    timer.set(to: deadline, on: context.eventLoop) { [self] in
      // Due in the turn of the loop in which another event has ended the exchange.
      guard !machine.isOver else { return }
      timer = DeadlineTimer()
      observe(context)
      monitor?.observe(machine.body, context)
      monitor?.progressed(machine)
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
