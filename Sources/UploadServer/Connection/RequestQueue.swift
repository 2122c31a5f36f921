import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadStorage

/// What a client has pipelined behind a request that is being served: already decoded, and waiting for its turn.
///
/// Bodies are slices of the receive buffer, at most ``bodyLimit`` of them. But the shortest head takes hundreds of bytes
/// here, and the shortest chunk more than its own: ``freeOverhead`` bytes of that are every connection's, more count in
/// the memory budget, and past ``overheadLimit``, or where the budget is short, the client has more under way than it may.
final class RequestQueue {
  /// In bytes; no client sends more than this in good faith.
  static let bodyLimit = 8 * 1024 * 1024
  static let overheadLimit = 8 * 1024 * 1024
  static let freeOverhead = 64 * 1024
  /// The budget is asked for so much at a time, in bytes.
  private static let step = 64 * 1024

  private let budget: MemoryBudget
  private var parts = CircularBuffer<HTTPRequestPart>()
  private var bodyBytes = 0
  private var overhead = 0
  /// Of the overhead, what the budget counts.
  private var counted = 0

  init(budget: MemoryBudget) {
    self.budget = budget
  }

  deinit {
    giveBack()
  }

  var isEmpty: Bool { parts.isEmpty }

  var first: HTTPRequestPart? { parts.first }

  /// Takes one more part.
  /// - Returns: false when that is too much: the connection is to be closed.
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

  func removeFirst() {
    let part = parts.removeFirst()
    bodyBytes -= part.bodySize
    overhead -= part.overhead
    if parts.isEmpty { giveBack() }
  }

  func removeAll() {
    parts = CircularBuffer()
    (bodyBytes, overhead) = (0, 0)
    giveBack()
  }

  private func giveBack() {
    if counted > 0 { budget.shrinkBuffer(by: counted) }
    counted = 0
  }
}

extension HTTPRequestPart {
  fileprivate var bodySize: Int {
    if case .body(let bytes) = self { bytes.readableBytes } else { 0 }
  }

  /// About what it takes beside the bytes of a body.
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
  /// About what they take, in bytes.
  fileprivate var size: Int {
    reduce(0) { $0 + 128 + $1.name.rawName.utf8.count + $1.value.utf8.count }
  }
}
