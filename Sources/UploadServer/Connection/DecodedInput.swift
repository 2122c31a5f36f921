import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadStorage

/// What the HTTP decoder has made of a connection's input: whether headers are expected next, and whether further input
/// is ignored.
struct DecodedInput {
  /// Whether further input is discarded undecoded: the last request is complete, the input is malformed, or headers
  /// that remained incomplete have been rejected.
  var isIgnored = false
  /// How many parts of requests have been decoded since the last ``beginDecoding()``.
  private(set) var parts = 0
  /// Whether the next part is a request head: no request is being decoded.
  private(set) var expectsHeaders = true
  /// Whether the request that is arriving ends the connection (`Connection: close`).
  private var requestIsLast = false

  /// Whether all bytes decoded since ``beginDecoding()`` belong to incomplete request headers: headers are expected,
  /// and no part was made of the bytes.
  var isInHeaders: Bool { expectsHeaders && parts == 0 }

  /// Resets the count of ``parts``. Call it each time before bytes are passed to the decoder.
  mutating func beginDecoding() {
    parts = 0
  }

  /// Notes a part that the decoder made. Call it for each part, in order.
  mutating func note(_ part: HTTPRequestPart) {
    parts += 1
    switch part {
    case .head(let request): (requestIsLast, expectsHeaders) = (request.closesConnection, false)
    case .body: break
    case .end:
      expectsHeaders = true
      if requestIsLast { isIgnored = true }
    }
  }
}

/// The requests of a connection that are decoded and wait for their turn: until the request before them is finished, or
/// the client reads responses.
/// Loop-bound.
///
/// The bytes of bodies are limited by ``bodyLimit``. The parts themselves need memory too, a request head hundreds of
/// bytes and a chunk more than its own length: they are limited by ``overheadLimit``, and count in the memory budget
/// beyond ``freeOverhead``. A part that would exceed a limit, or that the budget rejects, is not accepted.
final class RequestQueue {
  /// The largest total length of queued bodies, in bytes.
  static let bodyLimit = 8 * 1024 * 1024
  /// The largest estimated memory of queued parts without the bytes of their bodies, in bytes.
  static let overheadLimit = 8 * 1024 * 1024
  /// Up to how many bytes the overhead does not count in the memory budget.
  static let freeOverhead = 64 * 1024
  /// The budget is charged in steps of this size, in bytes.
  private static let step = 64 * 1024

  private let budget: MemoryBudget
  /// Grows when needed: most connections never queue a part.
  private var parts = CircularBuffer<HTTPRequestPart>(initialCapacity: 1)
  private var bodyBytes = 0
  private var overhead = 0
  /// The part of the overhead that the budget counts, in bytes.
  private var counted = 0
  /// Whether parts are being removed and served: true between ``beginDraining()`` and ``endDraining()``, if the queue
  /// had parts at the beginning.
  private(set) var isDraining = false

  /// - Parameter budget: counts the overhead above ``freeOverhead`` until the queue is empty or released.
  init(budget: MemoryBudget) {
    self.budget = budget
  }

  deinit {
    returnToBudget()
  }

  var isEmpty: Bool { parts.isEmpty }

  var first: HTTPRequestPart? { parts.first }

  /// Whether the queue contains the end of a request, at any place. Takes time in proportion to the length of the
  /// queue.
  var hasEnd: Bool { parts.contains { if case .end = $0 { true } else { false } } }

  /// Adds a part at the end.
  /// - Returns: false when it was not added, because of a limit or the budget: then close the connection.
  func append(_ part: HTTPRequestPart) -> Bool {
    let (bodies, others) = (bodyBytes + part.bodySize, overhead + part.overhead)
    guard bodies <= Self.bodyLimit, others <= Self.overheadLimit else { return false }
    while others > Self.freeOverhead + counted {
      guard budget.growBuffer(by: Self.step) else { return false }
      counted += Self.step
    }
    (bodyBytes, overhead) = (bodies, others)
    parts.append(part)
    return true
  }

  /// Removes the first part; does nothing when the queue is empty.
  func removeFirst() {
    guard let part = parts.popFirst() else { return }
    bodyBytes -= part.bodySize
    overhead -= part.overhead
    if parts.isEmpty { returnToBudget() }
  }

  func removeAll() {
    parts = CircularBuffer(initialCapacity: 1)
    (bodyBytes, overhead) = (0, 0)
    returnToBudget()
  }

  /// Call it before a loop that removes and serves parts, and ``endDraining()`` after the loop.
  /// - Returns: false when such a loop is running already: then return, since that loop serves the rest. Thousands of
  ///   requests served at once would otherwise be as many nested calls. True for an empty queue.
  func beginDraining() -> Bool {
    guard !isDraining else { return false }
    isDraining = !parts.isEmpty
    return true
  }

  /// Call it after a loop that ``beginDraining()`` allowed.
  /// - Returns: whether the queue had parts when the loop began.
  func endDraining() -> Bool {
    defer { isDraining = false }
    return isDraining
  }

  private func returnToBudget() {
    if counted > 0 { budget.shrinkBuffer(by: counted) }
    counted = 0
  }
}

extension HTTPRequestPart {
  fileprivate var bodySize: Int {
    if case .body(let bytes) = self { bytes.readableBytes } else { 0 }
  }

  /// The estimated memory of the part without the bytes of a body, in bytes.
  fileprivate var overhead: Int {
    let place = 160
    return switch self {
    case .head(let request): place + 256 + (request.path?.utf8.count ?? 0) + request.headerFields.size
    case .body: place
    case .end(let trailers): place + (trailers?.size ?? 0)
    }
  }
}

extension HTTPFields {
  /// The estimated memory of the fields, in bytes.
  fileprivate var size: Int { reduce(0) { $0 + 128 + $1.name.rawName.utf8.count + $1.value.utf8.count } }
}

/// Back-pressure: remembers a read of the socket that was not allowed, so that it is performed once it is allowed.
struct ReadDemand {
  private var isPending = false

  /// Call it when a handler asks to read from the socket.
  /// - Parameter isAllowed: whether there is no reason to block reads now.
  /// - Returns: whether to read now; otherwise the read is pending until ``resume(isAllowed:isWanted:)``.
  mutating func request(isAllowed: Bool) -> Bool {
    if !isAllowed { isPending = true }
    return isAllowed
  }

  /// Call it when a condition that reads depend on may have changed.
  /// - Parameters:
  ///   - isAllowed: whether there is no reason to block reads now.
  ///   - isWanted: whether to read even when no read is pending.
  /// - Returns: whether to read now; then no read is pending any more.
  mutating func resume(isAllowed: Bool, isWanted: Bool = false) -> Bool {
    guard isPending || isWanted, isAllowed else { return false }
    isPending = false
    return true
  }
}
