import NIOCore
import NIOPosix
import UploadCore

/// What comes from the source: looks at it, and reads of it, on the thread pool.
extension UploadHandler {
  /// Asks whether the source changed while nothing moves; at most one question at a time, since a network file system may
  /// take long to answer.
  func probe(_ context: ChannelHandlerContext) {
    guard !isProbing else { return }
    isProbing = true
    onPool(context, { source in try source.check() }) { handler, _ in handler.isProbing = false }
  }

  /// Waits for what a source without a length has next.
  func read(_ context: ChannelHandlerContext) {
    guard case .stream(_, let reader) = job.content else { return }
    job.meter.phase = .input
    onPool(context, { _ in try reader.read() }) { handler, reading in
      switch reading {
      case .bytes(let count): handler.perform(handler.machine.didRead(count), context)
      case .end: handler.perform(handler.machine.didRead(0), context)
      case .nothingYet: handler.read(context)
      }
    }
  }

  /// Reads a piece of a file that cannot go out by itself, and writes it.
  func read(_ range: Range<UInt64>, by reader: PieceReader, _ context: ChannelHandlerContext) {
    job.meter.phase = .disk
    isHeld = true
    onPool(context, { _ in try reader.read(range) }) { handler, _ in
      handler.letGo()
      guard !handler.machine.body.isStopped else { return }
      handler.write(.byteBuffer(reader.buffer), count: range.count, context)
    }
  }

  /// Runs `work` on the thread pool and comes back with what it returned, unless all is over by then.
  func onPool<Value: Sendable>(
    _ context: ChannelHandlerContext,
    _ work: @escaping @Sendable (OpenedSource) throws -> Value,
    then next: @escaping (UploadHandler, Value) -> Void
  ) {
    guard let source = job.content.source else { return }
    job.threadPool.runIfActive(eventLoop: context.eventLoop) { try work(source) }
      .assumeIsolated()
      .whenComplete { [self] result in
        guard ending == nil else { return }
        switch result {
        case .success(let value): next(self, value)
        case .failure(let error): sourceFailed(error, context)
        }
      }
  }

  /// Ends the upload for what is wrong with its source.
  func sourceFailed(_ error: any Error, _ context: ChannelHandlerContext) {
    let failure =
      error as? UploadError ?? UploadError(.internalFailure, "The file could not be read any more.", cause: error)
    guard machine.isConfirming else { return fail(failure, context) }
    let note = " The server has stored what it got; do not trust that copy."
    fail(UploadError(failure.code, failure.message + note, cause: failure.cause), context)
  }
}
