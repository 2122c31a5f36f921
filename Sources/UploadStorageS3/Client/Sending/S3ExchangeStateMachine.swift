import HTTPExchange
import NIOCore
import NIOHTTP1

/// Decides how one request is sent on one connection, and how its response is received. Events in, actions out.
struct S3ExchangeStateMachine {
  /// What the exchange needs to know of its request.
  struct Plan {
    /// Bytes of the body.
    var length: UInt64
    /// The most of them in one write.
    var chunkSize: UInt64
    /// Whether each chunk is read into memory before it is written.
    var readsChunks = false
    /// Whether the body of a success is passed on as it arrives.
    var streams = false
    /// The most of a body that is kept, in bytes.
    var bodyLimit: Int
    var idleTimeout: TimeAmount
    var responseTimeout: TimeAmount
  }

  /// What the handler does after an event.
  enum Action {
    case none
    /// Write the headers of the request; its body follows at once.
    case writeHead
    /// Read bytes of the body, then call ``didRead(at:)``.
    case read(Range<UInt64>)
    /// Write bytes of the body, with the last ones also the end of the request; then call ``wrote(at:)``.
    case write(Range<UInt64>, isLast: Bool)
    /// Write the end of a request without a body, then call ``wrote(at:)``.
    case writeEnd
    /// Pass bytes on, then call ``passedOn(at:)``.
    case pass(ByteBuffer)
    /// The exchange has ended.
    /// - Parameter keeps: whether the connection can serve another request; otherwise reset it.
    case end(Result<S3Response, S3ExchangeFailure>, keeps: Bool)
  }

  private enum Sending {
    /// Bytes of the body are being read or written.
    case chunk(Range<UInt64>)
    /// The end of a request without a body is being written.
    case end
    /// Everything was accepted by the socket.
    case sent
    /// The response came before the end of the request: nothing more is sent.
    case stopped
  }

  private enum Receiving {
    /// - Parameter informational: how many informational responses there were.
    case nothing(informational: Int)
    case body(S3Response)
    /// The response is complete, but not all of it has been passed on.
    case draining(S3Response)
    /// The connection is lost, but what was received before has not been passed on: the receiver must not get the rest from
    /// another connection before.
    case interrupted
    case over
  }

  /// More informational responses than this are an error.
  private static let informationalLimit = 16

  private let plan: Plan
  private var sending: Sending
  private var receiving = Receiving.nothing(informational: 0)
  private var keepsConnection = false
  /// When something happened last.
  private var lastEvent = NIODeadline.uptimeNanoseconds(0)
  /// Bytes of the current write that the socket had not accepted when it was looked at last.
  private var unsent = 0
  /// Received bytes that are not passed on yet, because those before them are.
  private var waiting = CircularBuffer<ByteBuffer>()
  private var isPassing = false
  /// Whether the channel has asked for a read that is not made yet.
  private var isReadPending = false

  init(_ plan: Plan) {
    self.plan = plan
    sending = plan.length > 0 ? .chunk(0..<0) : .end
  }

  /// Whether the exchange has ended.
  var isOver: Bool { if case .over = receiving { true } else { false } }

  /// When ``timerFired(at:queued:)`` should be called; nil while the exchange does not wait for the engine.
  var deadline: NIODeadline? {
    switch (receiving, sending) {
    case (.over, _), (.draining, _), (.interrupted, _): nil
    case (.nothing, .sent): lastEvent + plan.responseTimeout
    case (.nothing, .chunk), (.nothing, .end), (.nothing, .stopped): lastEvent + plan.idleTimeout
    case (.body, _): isPassing ? nil : lastEvent + plan.idleTimeout
    }
  }

  // MARK: Sending

  /// The connection is ready.
  mutating func connected(at now: NIODeadline) -> Action {
    lastEvent = now
    return .writeHead
  }

  /// The headers were written; the socket need not have accepted it.
  mutating func wroteHead() -> Action { next() }

  /// The bytes that were asked for are in memory.
  mutating func didRead(at now: NIODeadline) -> Action {
    guard case .chunk(let range) = sending, !isOver else { return .none }
    lastEvent = now
    return write(range)
  }

  /// The socket has accepted what was written last.
  mutating func wrote(at now: NIODeadline) -> Action {
    guard !isOver else { return .none }
    lastEvent = now
    switch sending {
    case .chunk(let range) where range.upperBound < plan.length: return next()
    case .chunk, .end:
      sending = .sent
      return .none
    case .sent, .stopped: return .none
    }
  }

  /// Whether what is being written is not the last of the body.
  var isWithinBody: Bool { if case .chunk(let range) = sending { range.upperBound < plan.length } else { false } }

  private mutating func next() -> Action {
    switch sending {
    case .chunk(let previous):
      let start = previous.upperBound
      let range = start..<(start + min(plan.chunkSize, plan.length - start))
      sending = .chunk(range)
      unsent = range.count
      return plan.readsChunks ? .read(range) : write(range)
    case .end: return .writeEnd
    case .sent, .stopped: return .none
    }
  }

  private func write(_ range: Range<UInt64>) -> Action { .write(range, isLast: range.upperBound == plan.length) }

  // MARK: Receiving

  /// The headers of a response were received.
  mutating func responded(_ head: HTTPResponseHead, at now: NIODeadline) -> Action {
    guard case .nothing(let count) = receiving else { return isOver ? .none : fail(.malformedResponse) }
    lastEvent = now
    let status = Int(head.status.code)
    guard status >= 200 else {
      // 101 would switch to another protocol, which the request did not offer.
      guard status != 101, count < Self.informationalLimit else { return fail(.malformedResponse) }
      receiving = .nothing(informational: count + 1)
      return .none
    }
    let response = S3Response(status: status, headers: head.headers)
    switch sending {
    case .sent: keepsConnection = head.keepsConnection
    // A success for a part of the request is none.
    case .chunk, .end, .stopped:
      guard !response.isSuccess else { return fail(.malformedResponse) }
      sending = .stopped
    }
    receiving = .body(response)
    return .none
  }

  /// The channel asks for a read from the connection.
  /// - Returns: whether to make it now; otherwise ``takePendingRead()`` says when.
  mutating func readRequested() -> Bool {
    isReadPending = isPassing
    return !isPassing
  }

  /// Whether a read that had to wait is to be made now; call it after every action.
  mutating func takePendingRead() -> Bool {
    guard isReadPending, !isPassing else { return false }
    isReadPending = false
    return true
  }

  /// Bytes of the response's body were received.
  mutating func received(_ bytes: ByteBuffer, at now: NIODeadline) -> Action {
    guard case .body(var response) = receiving else { return isOver ? .none : fail(.malformedResponse) }
    lastEvent = now
    if plan.streams, response.isSuccess {
      guard !isPassing else {
        waiting.append(bytes)
        return .none
      }
      isPassing = true
      return .pass(bytes)
    }
    let room = plan.bodyLimit - response.body.readableBytes
    guard bytes.readableBytes <= room else {
      response.isCut = true
      // The rest may be without end.
      return end(.success(response), keeps: false)
    }
    response.body.writeImmutableBuffer(bytes)
    receiving = .body(response)
    return .none
  }

  /// The bytes that were passed on have been used.
  mutating func passedOn(at now: NIODeadline) -> Action {
    guard isPassing, !isOver else { return .none }
    lastEvent = now
    if let bytes = waiting.popFirst() { return .pass(bytes) }
    isPassing = false
    switch receiving {
    case .draining(let response): return end(.success(response), keeps: keepsConnection)
    case .interrupted: return end(.failure(.connectionLost(hasBegun: true)), keeps: false)
    case .nothing, .body, .over: return .none
    }
  }

  /// The response is complete.
  mutating func responseEnded() -> Action {
    guard case .body(let response) = receiving else { return isOver ? .none : fail(.malformedResponse) }
    guard !isPassing else {
      receiving = .draining(response)
      return .none
    }
    return end(.success(response), keeps: keepsConnection)
  }

  // MARK: Failures

  /// The connection was closed.
  mutating func disconnected() -> Action {
    switch receiving {
    case .nothing: return fail(.connectionLost(hasBegun: false))
    case .body where isPassing:
      receiving = .interrupted
      return .none
    case .body: return fail(.connectionLost(hasBegun: true))
    case .draining:
      // Everything was received.
      keepsConnection = false
      return .none
    case .interrupted, .over: return .none
    }
  }

  /// The time of ``deadline`` has come.
  /// - Parameter queued: bytes that were written and that the socket has not accepted.
  mutating func timerFired(at now: NIODeadline, queued: Int) -> Action {
    if queued < unsent, case .nothing = receiving, case .chunk = sending {
      // The write continues.
      lastEvent = now
      unsent = queued
    }
    guard let deadline, now >= deadline else { return .none }
    if case .sent = sending, case .nothing = receiving { return fail(.responseTimedOut) }
    return fail(.stalled)
  }

  /// Ends the exchange for another reason.
  mutating func fail(_ failure: S3ExchangeFailure) -> Action { end(.failure(failure), keeps: false) }

  private mutating func end(_ result: Result<S3Response, S3ExchangeFailure>, keeps: Bool) -> Action {
    guard !isOver else { return .none }
    receiving = .over
    waiting.removeAll()
    return .end(result, keeps: keeps)
  }
}
