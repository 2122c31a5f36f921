import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// Carries out on one connection what ``ExchangeStateMachine`` decides, for one upload; closes the connection at the end.
///
/// Bound to its event loop. Whatever may block (reading and checking the source) runs on the thread pool.
final class UploadHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = RequestWriter.Part

  /// How often progress within a piece is noted and time-outs are looked at.
  private static let tickInterval = TimeAmount.milliseconds(100)

  let job: UploadJob
  private let result: EventLoopPromise<ExchangeResult>
  var machine: ExchangeStateMachine
  private var writer: RequestWriter
  private var answer: ServerAnswer?
  /// How it ended; set once, told when the connection is closed, since only then nothing uses the source any more.
  var ending: Result<ExchangeResult, FailedAttempt>?
  /// What the network layer said last.
  private var cause: (any Error)?
  private var ticker: Scheduled<Void>?
  private var isConnected = false
  var isProbing = false
  /// The next piece waits for something that is not the server's: a rate limit, or a read.
  var isHeld = false
  private var piece = PieceProgress()

  /// - Parameter result: completed exactly once, when the connection is closed; it fails with ``FailedAttempt``.
  init(_ job: UploadJob, result: EventLoopPromise<ExchangeResult>) {
    self.job = job
    self.result = result
    machine = ExchangeStateMachine(job.plan)
    writer = RequestWriter(job.request)
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { connected(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    connected(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isConnected = false
    perform(machine.disconnected(), context)
    tellEnding()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    // Nothing more will come from the connection, and whoever waits must not wait for ever. Only the last look at the
    // source goes on without it.
    guard !machine.isConfirming else { return }
    fail(UploadError(.internalFailure, "The connection's handler was removed."), context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if cause == nil { cause = error }
    switch error {
    // The end of the connection, which is about to be told as such.
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: return
    case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: context.close(promise: nil)
    default: perform(machine.answerMalformed(), context)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      let status = Int(head.status.code)
      if status >= 200, answer == nil { answer = ServerAnswer(head) }
      perform(machine.answered(status), context)
    case .body(let bytes):
      machine.answerContinued()
      if answer?.append(bytes) == false { perform(machine.answerEnded(), context) }
    case .end:
      perform(machine.answerEnded(), context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is UploadCancellation.Event else { return context.fireUserInboundEventTriggered(event) }
    fail(UploadCancellation.error, context)
  }

  private func connected(_ context: ChannelHandlerContext) {
    guard !isConnected else { return }
    isConnected = true
    job.meter.setNetworkBytes(job.networkBytes)
    scheduleTick(context)
    perform(machine.connected(), context)
  }

  // MARK: Actions

  func perform(_ action: ExchangeStateMachine.Action, _ context: ChannelHandlerContext) {
    if machine.body.isSent { job.meter.phase = machine.isAwaitingAnswer ? .answer : .finishing }
    switch action {
    case .none: return
    case .sendHead:
      writer.writeHead(context)
      perform(machine.sentHead(), context)
    case .body(let action): perform(action, context)
    case .probe: probe(context)
    case .finish: finish(context)
    // A server that has the whole body may have stored it: sent again, it would be there twice.
    case .fail(let failure): fail(describe(failure), isPassing: failure.isPassing && !machine.body.isSent, context)
    }
  }

  private func perform(_ action: BodyStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: return
    case .write(let range):
      if case .copied(_, let reader) = job.content { return read(range, by: reader, context) }
      guard let data = job.content.piece(range) else {
        return fail(UploadError(.internalFailure, "A piece of the file is asked for beyond its end."), context)
      }
      write(data, count: range.count, context)
    case .read: read(context)
    case .writeRead(let count):
      guard case .stream(_, let reader) = job.content else { return }
      write(.byteBuffer(reader.buffer), count: count, context)
    case .check:
      onPool(context, { source in try source.check() }) { handler, _ in
        handler.perform(handler.machine.checked(), context)
      }
    case .writeEnd: writer.writeEnd(context, promise: writePromise(context))
    }
  }

  // MARK: Writing

  func write(_ data: IOData, count: Int, _ context: ChannelHandlerContext) {
    piece.begin(count)
    job.meter.phase = job.meter.received > 0 ? .peer : .waiting
    writer.writeContent(data, context, promise: writePromise(context))
  }

  private func writePromise(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success: wroteOut(context)
      case .failure(let error): writeFailed(error, context)
      }
    }
    return promise
  }

  private func wroteOut(_ context: ChannelHandlerContext) {
    let written = piece.size
    count(piece.end())
    // Noted at once: the answer may be the very next thing to be read.
    let action = machine.wroteOut()
    let wait = job.limiter?.take(written, at: context.eventLoop.now.uptimeNanoseconds) ?? 0
    if wait > 0 {
      isHeld = true
      job.meter.phase = .limit
    }
    // Done later, not from within the network layer's own loop of writes: against a receiver that keeps up it would never
    // leave that loop, and no answer would be read and no other upload served.
    context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { [self] in
      if isHeld { letGo() }
      guard ending == nil, !machine.body.isStopped else { return }
      perform(action, context)
    }
  }

  /// What the next piece waited for is over.
  func letGo() {
    isHeld = false
    machine.held()
  }

  private func writeFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    if cause == nil { cause = error }
    guard machine.body.isWriting, case .file(let source) = job.content,
      let code = (error as? IOError)?.errnoCode, SourceFailure.isReading(code)
    else { return }
    sourceFailed(SourceFailure.reading(source.label, code), context)
  }

  /// Tells the meter of bytes that it does not know yet.
  private func count(_ news: Int) {
    guard news > 0 else { return }
    job.meter.addReceived(news)
    job.meter.phase = .peer
  }

  // MARK: Time

  private func scheduleTick(_ context: ChannelHandlerContext) {
    ticker = context.eventLoop.assumeIsolated().scheduleTask(in: Self.tickInterval) { [self] in
      guard ending == nil else { return }
      tick(context)
      if ending == nil { scheduleTick(context) }
    }
  }

  /// Looks at how much of a piece that is on its way the socket has taken by now.
  private func lookAtPiece(_ context: ChannelHandlerContext) {
    guard piece.isUnderway,
      let queued = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    else { return }
    count(piece.note(queued: queued))
  }

  private func tick(_ context: ChannelHandlerContext) {
    lookAtPiece(context)
    guard !isHeld else { return }
    perform(machine.tick(now: context.eventLoop.now, partlyTaken: UInt64(piece.counted)), context)
  }

  // MARK: The end

  private func finish(_ context: ChannelHandlerContext) {
    guard let answer else { return fail(describe(.badAnswer), context) }
    let body = machine.body
    end(.success(ExchangeResult(answer: answer, bodyBegun: body.hasBegun, bodySent: body.isSent)), context)
  }

  private func describe(_ failure: ExchangeFailure) -> UploadError {
    failure.error(
      ExchangeFailure.Circumstances(
        server: job.meter.remote,
        taken: job.meter.received,
        size: job.meter.size,
        idleTimeout: Duration(job.plan.idleTimeout),
        answerTimeout: Duration(job.plan.answerTimeout),
        cause: cause
      )
    )
  }

  func fail(_ error: UploadError, isPassing: Bool = false, _ context: ChannelHandlerContext) {
    let isSourceUsed = machine.body.hasBegun
    end(.failure(FailedAttempt(error: error, isPassing: isPassing, isSourceUsed: isSourceUsed)), context)
  }

  private func end(_ ending: Result<ExchangeResult, FailedAttempt>, _ context: ChannelHandlerContext) {
    guard self.ending == nil else { return }
    self.ending = ending
    machine.abort()
    ticker?.cancel()
    guard isConnected else { return tellEnding() }
    lookAtPiece(context)
    if machine.body.isSent {
      context.close(promise: nil)
    } else {
      context.channel.abort()
    }
  }

  private func tellEnding() {
    guard let ending else { return }
    result.completeWith(ending.mapError { $0 as any Error })
  }
}
