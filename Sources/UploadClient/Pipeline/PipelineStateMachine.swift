import HTTPExchange
import NIOCore
import UploadCore

/// One connection with several requests outstanding (RFC 9112 section 9.3.2): events in, actions out. No I/O and no clock.
///
/// Responses have the order of the requests. Until the first has shown that the server keeps the connection, or others have,
/// one request is outstanding; then as many as the owner and ``Limits`` allow. When the connection ends, every request without a response has a
/// ``Fate``, by what the server can have received of it.
struct PipelineStateMachine {
  struct Limits: Sendable, Equatable {
    /// The most bytes of requests outstanding; one request may be larger.
    var bytes = 1 << 20
    /// The most requests in all: a server that closes its connections after so many would otherwise receive further ones
    /// in vain.
    var total = Int.max
    /// How long the server may accept no byte, or send no further byte of a response that has begun.
    var idleTimeout: TimeAmount
    /// How long the server may send nothing before its next response.
    var responseTimeout: TimeAmount
    /// How long a connection without a request outstanding is used again.
    var longestIdleTime: TimeAmount
  }

  enum Action: Equatable {
    case none
    /// The response to the oldest request. Call ``nextAction(at:)`` again.
    case respond(ExchangeResponse)
    /// Close the connection. This is the last action.
    case end(End)
  }

  /// How a connection ended.
  struct End: Equatable {
    /// What becomes of the requests without a response, the oldest first.
    var fates: [Fate] = []
    /// Whether bytes that are not sent are to be discarded.
    var resets = false
    var cause: Cause
    /// How many responses the connection had.
    var responses = 0
  }

  /// Why a connection ended.
  enum Cause: Equatable {
    /// The server announced it in a response, with `Connection: close` or HTTP/1.0.
    case announced
    /// No request was outstanding, or the server had not received the one that was.
    case idle
    /// Requests were outstanding.
    case lost
  }

  /// What becomes of a request without a response.
  enum Fate: Equatable {
    /// The server has not processed it: send it again at once.
    case unprocessed
    /// It failed. A server that has received the whole body may have processed it.
    case failed(ExchangeFailure, isBodySent: Bool)
    /// It has a response that counts, although the rest of it is missing.
    case responded(ExchangeResponse)
  }

  private struct Outstanding {
    var bytes: Int
    var isWritten = false
  }

  private enum State: Equatable {
    /// No response yet; next: open, closed.
    case proving
    /// The server keeps the connection; next: closed.
    case open
    /// Last.
    case closed
  }

  /// The most informational responses before a final one: the same as for other uploads.
  private static let informationalLimit = 64

  private let limits: Limits
  private var state = State.proving
  private var parser = ResponseParser()
  private var outstanding = CircularBuffer<Outstanding>()
  /// How many of ``outstanding`` are written: the oldest.
  private var writtenCount = 0
  private var outstandingBytes = 0
  /// How many requests have a response although the socket has not accepted all of them.
  private var earlyResponses = 0
  private var sentCount = 0
  private var responseCount = 0
  private var informationalCount = 0
  /// A success that has arrived although the socket has not accepted the whole request, the oldest one: it counts when that
  /// has happened. Some servers begin to respond while they read the body; to believe them earlier could report a file as
  /// stored that never left.
  private var earlySuccess: ExchangeResponse?
  /// When the last byte of a request or response moved.
  private var lastMovement = NIODeadline.uptimeNanoseconds(0)

  init(_ limits: Limits) { self.limits = limits }

  // MARK: What the owner asks

  var isClosed: Bool { state == .closed }

  /// Whether no request is outstanding.
  var isIdle: Bool { outstanding.isEmpty }

  /// Whether the server has kept the connection after a response.
  var isProven: Bool { state == .open }

  /// Whether a request of so many bytes may be sent now.
  /// - Parameters:
  ///   - depth: the most requests outstanding.
  ///   - isKept: whether the server is known to keep the connection, although this one has not shown it.
  func hasRoom(for bytes: Int, depth: Int, isKept: Bool) -> Bool {
    guard state != .closed, sentCount < limits.total else { return false }
    if outstanding.isEmpty { return true }
    return (state == .open || isKept) && outstanding.count < depth && outstandingBytes + bytes <= limits.bytes
  }

  /// Whether the connection may send no further request, and can be closed once none is outstanding.
  var isUsedUp: Bool { sentCount >= limits.total }

  /// Whether no request has been outstanding for so long that the server may be about to close the connection.
  func isStale(at now: NIODeadline) -> Bool {
    state == .open && outstanding.isEmpty && now >= lastMovement + limits.longestIdleTime
  }

  // MARK: Requests

  /// A request is given to the socket; only when it ``hasRoom(for:depth:isKept:)``.
  mutating func sent(bytes: Int, at now: NIODeadline) {
    if outstanding.isEmpty { lastMovement = now }
    outstanding.append(Outstanding(bytes: bytes))
    outstandingBytes += bytes
    sentCount += 1
  }

  /// The socket has accepted the whole of the oldest request that it had not. Call ``nextAction(at:)`` then.
  /// - Returns: the position of that request among the outstanding ones, 0 for the oldest; nil when it has its response.
  mutating func wrote(at now: NIODeadline) -> Int? {
    guard state != .closed else { return nil }
    lastMovement = now
    if earlyResponses > 0 {
      earlyResponses -= 1
      return nil
    }
    guard writtenCount < outstanding.count else { return nil }
    outstanding[offset: writtenCount].isWritten = true
    writtenCount += 1
    return writtenCount - 1
  }

  // MARK: Responses

  /// Bytes of the connection were received. Call ``nextAction(at:)`` until there is none.
  mutating func received(_ bytes: ByteBuffer, at now: NIODeadline) {
    guard state != .closed else { return }
    lastMovement = now
    parser.append(bytes)
  }

  mutating func nextAction(at now: NIODeadline) -> Action {
    if let response = earlySuccess, writtenCount > 0 {
      earlySuccess = nil
      return responded(response)
    }
    while state != .closed, earlySuccess == nil {
      switch parser.next() {
      case .needsMore:
        // Such as 408 before the connection closes: it is the response to no request.
        return outstanding.isEmpty && parser.isInside ? end(cause: .idle) : .none
      case .informational(let status):
        informationalCount += 1
        // 101 would switch to another protocol, which no request offered.
        guard status != 101, informationalCount <= Self.informationalLimit, !outstanding.isEmpty else {
          return fail(.malformedResponse)
        }
      case .response(let response):
        guard isEarlySuccess(response) else { return responded(response) }
        earlySuccess = response
      case .endless(let response):
        guard !outstanding.isEmpty, !isEarlySuccess(response) else { return fail(.malformedResponse) }
        return end(
          first: .response(response.closing(.truncated)),
          others: response.keepsConnection ? .failure(.connectionLost) : .unprocessed,
          cause: response.keepsConnection ? .lost : .announced
        )
      case .malformed: return fail(.malformedResponse)
      }
    }
    return .none
  }

  /// The connection is closed.
  mutating func disconnected() -> Action {
    guard state != .closed else { return .none }
    guard earlySuccess == nil else { return fail(.connectionLost) }
    switch parser.end() {
    case .clean, .interrupted(nil): return fail(.connectionLost)
    case .response(let response):
      guard !outstanding.isEmpty else { return end(cause: .idle) }
      // Its body ends with the connection: it is complete, and announces the end.
      return end(first: .response(response), others: .unprocessed, cause: .announced)
    case .interrupted(let response?):
      let isSuccess = response.isSuccess
      return end(
        first: isSuccess
          ? .failure(.responseInterrupted(status: response.status)) : .response(response.closing(.interrupted)),
        others: response.keepsConnection ? .failure(.connectionLost) : .unprocessed,
        cause: response.keepsConnection ? .lost : .announced
      )
    }
  }

  /// The task is cancelled, or the target cannot be used any more.
  mutating func cancelled() -> Action { state == .closed ? .none : fail(.cancelled) }

  /// No further request follows, and none is outstanding.
  mutating func finished() -> Action {
    guard state != .closed, outstanding.isEmpty else { return .none }
    return end(cause: .idle)
  }

  // MARK: Time

  /// When ``timerFired(at:)`` has to be called; nil while nothing is outstanding.
  var deadline: NIODeadline? {
    guard state != .closed, !outstanding.isEmpty else { return nil }
    let isBegun = parser.isInside || writtenCount == 0
    return lastMovement + (isBegun ? limits.idleTimeout : limits.responseTimeout)
  }

  mutating func timerFired(at now: NIODeadline) -> Action {
    guard let deadline, now >= deadline else { return .none }
    return fail(writtenCount == 0 ? .sendTimedOut : .responseTimedOut)
  }

  // MARK: Transitions

  /// Whether a response reports success for a request that the server cannot have received completely.
  private func isEarlySuccess(_ response: ExchangeResponse) -> Bool {
    response.isSuccess && !outstanding.isEmpty && writtenCount == 0
  }

  private mutating func responded(_ response: ExchangeResponse) -> Action {
    guard !outstanding.isEmpty else { return end(cause: .idle) }
    // The server closed the idle connection before it received the request (RFC 9110 section 15.5.9).
    if response.status == 408, responseCount > 0, !response.keepsConnection { return end(cause: .idle) }
    // The requests behind it are not processed (RFC 9112 section 9.6).
    guard response.keepsConnection else {
      return end(first: .response(response), others: .unprocessed, cause: .announced)
    }
    let first = outstanding.removeFirst()
    outstandingBytes -= first.bytes
    if first.isWritten { writtenCount -= 1 } else { earlyResponses += 1 }
    (responseCount, informationalCount, state) = (responseCount + 1, 0, .open)
    return .respond(response)
  }

  /// Ends the connection without a response to the oldest request, or with a success that does not count.
  private mutating func fail(_ failure: ExchangeFailure) -> Action {
    let early = failure == .cancelled ? nil : earlySuccess
    // Behind bytes that are no response, there is none for the others either.
    let others = failure == .malformedResponse ? ExchangeFailure.connectionLost : failure
    let first = early.map { ExchangeFailure.earlySuccess(status: $0.status) } ?? failure
    return end(first: .failure(first), others: .failure(others), cause: outstanding.isEmpty ? .idle : .lost)
  }

  /// What has become of a request, if the server can have received all of it.
  private enum Result {
    case unprocessed
    case failure(ExchangeFailure)
    case response(ExchangeResponse)
  }

  /// - Parameters:
  ///   - first: of the oldest request.
  ///   - others: of those behind it.
  private mutating func end(first: Result = .unprocessed, others: Result = .unprocessed, cause: Cause) -> Action {
    let fates = outstanding.enumerated().map { index, request in
      fate(index == 0 ? first : others, isWritten: request.isWritten)
    }
    let hasResponse = if case .response = first { 1 } else { 0 }
    let resets = writtenCount < outstanding.count || earlyResponses > 0
    let end = End(fates: fates, resets: resets, cause: cause, responses: responseCount + hasResponse)
    state = .closed
    outstanding.removeAll()
    (writtenCount, outstandingBytes, earlyResponses, earlySuccess) = (0, 0, 0, nil)
    return .end(end)
  }

  private func fate(_ result: Result, isWritten: Bool) -> Fate {
    switch result {
    case .unprocessed: return .unprocessed
    case .response(let response): return .responded(response)
    case .failure(let failure):
      // A server that has not received the whole body cannot have stored the file. Not repeated at once on a connection
      // without any response: the server might do the same again and again.
      let isRepeatable = !isWritten && state == .open && (failure == .connectionLost || failure == .responseTimedOut)
      return isRepeatable ? .unprocessed : .failed(failure, isBodySent: isWritten)
    }
  }
}
