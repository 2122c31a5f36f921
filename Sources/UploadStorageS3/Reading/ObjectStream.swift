import NIOCore
import Synchronization
import UploadCore

/// The bytes of a range of an object, as the engine sends them. Flat memory: the engine sends no more while a buffer waits to
/// be taken.
struct ObjectContent: AsyncSequence, Sendable {
  let requests: any S3Requests
  let key: String
  /// In bytes; may be empty.
  let range: Range<UInt64>
  /// Of the object that is to be read; reading fails when another one has replaced it. Empty where it is not known.
  let tag: String
  /// Completes the engine's waiting.
  let eventLoop: any EventLoop

  func makeAsyncIterator() -> Iterator { Iterator(content: self) }

  struct Iterator: AsyncIteratorProtocol {
    let content: ObjectContent
    private var reader: ObjectReader?

    fileprivate init(content: ObjectContent) {
      self.content = content
    }

    mutating func next() async throws -> ByteBuffer? { try await next(isolation: nil) }

    mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
      guard !content.range.isEmpty else { return nil }
      let reader = reader ?? ObjectReader(content)
      self.reader = reader
      return try await reader.stream.next()
    }
  }
}

/// One request for an object: ends with the last reference.
private final class ObjectReader: Sendable {
  let stream: ObjectStream
  private let task: Task<Void, Never>

  init(_ content: ObjectContent) {
    let stream = ObjectStream(on: content.eventLoop)
    self.stream = stream
    let tag = content.tag.isEmpty ? nil : content.tag
    task = Task {
      do throws(S3Failure) {
        try await content.requests.get(content.key, range: content.range, ifMatch: tag) { stream.offer($0) }
        stream.finish(nil)
      } catch {
        stream.finish(error.reading)
      }
    }
  }

  deinit {
    stream.cancel()
    task.cancel()
  }
}

extension S3Failure {
  /// The error for the client of a download.
  var reading: UploadError {
    kind == .conditionFailed
      ? UploadError(.storageFailed, "The file was replaced while it was read. Request it again.", cause: self)
      : uploadError
  }
}

/// Passes buffers from an event loop to a task, one at a time. Callable from any thread; one task takes buffers.
final class ObjectStream: Sendable {
  private struct State {
    /// Offered and not taken; more than one only where the offering side does not wait.
    var ready = CircularBuffer<(bytes: ByteBuffer, taken: EventLoopPromise<Void>)>()
    var waiting: CheckedContinuation<ByteBuffer?, any Error>?
    /// Whether no more buffers are offered, and why.
    var end: Result<Void, any Error>?
  }

  private let eventLoop: any EventLoop
  private let state = Mutex(State())

  init(on eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Offers the next buffer.
  /// - Returns: succeeds when it was taken; fails when no more are wanted.
  func offer(_ bytes: ByteBuffer) -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    let (waiting, isOver) = state.withLock { state -> (CheckedContinuation<ByteBuffer?, any Error>?, Bool) in
      guard state.end == nil else { return (nil, true) }
      defer { state.waiting = nil }
      if state.waiting == nil { state.ready.append((bytes, promise)) }
      return (state.waiting, false)
    }
    if isOver {
      promise.fail(CancellationError())
    } else if let waiting {
      waiting.resume(returning: bytes)
      promise.succeed()
    }
    return promise.futureResult
  }

  /// Ends the stream; buffers that were offered can still be taken.
  /// - Parameter error: why it ended early; nil at the end of the content.
  func finish(_ error: (any Error)?) {
    let waiting = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      if state.end == nil { state.end = error.map { .failure($0) } ?? .success(()) }
      defer { state.waiting = nil }
      return state.waiting
    }
    if let error { waiting?.resume(throwing: error) } else { waiting?.resume(returning: nil) }
  }

  /// Ends the stream from the taking side.
  func cancel() {
    let (waiting, ready) = state.withLock { state in
      state.end = state.end ?? .failure(CancellationError())
      defer { (state.waiting, state.ready) = (nil, CircularBuffer()) }
      return (state.waiting, state.ready)
    }
    waiting?.resume(throwing: CancellationError())
    for (_, taken) in ready { taken.fail(CancellationError()) }
  }

  /// Takes the next buffer; waits for it. Cancelling the task ends the stream.
  /// - Returns: nil at the end of the content.
  func next() async throws -> ByteBuffer? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<ByteBuffer?, any Error>) in
        let (next, end) = state.withLock { state in
          let next = state.ready.popFirst()
          if next == nil, state.end == nil { state.waiting = continuation }
          return (next, state.end)
        }
        if let next {
          next.taken.succeed()
          continuation.resume(returning: next.bytes)
        } else if let end {
          continuation.resume(with: end.map { _ in nil })
        }
      }
    } onCancel: {
      cancel()
    }
  }
}
