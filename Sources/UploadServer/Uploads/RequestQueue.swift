import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadStorage

/// What a client has pipelined behind a request that is being answered: already decoded, and waiting for its turn.
///
/// Bodies are slices of the receive buffer, at most ``bodyLimit`` of them. A head takes about half a KiB, however short it
/// was on the wire: ``freeHeads`` bytes of heads are every connection's, more count in the memory budget, and past
/// ``headLimit``, or where the budget is short, the client has more requests under way than it may.
final class RequestQueue {
  /// In bytes; more than this nobody sends in good faith.
  static let bodyLimit = 8 * 1024 * 1024
  static let headLimit = 8 * 1024 * 1024
  static let freeHeads = 64 * 1024
  /// What a head takes beside its text, with the end of its request, in bytes.
  private static let headSize = 512
  /// The budget is asked for so much at a time, in bytes.
  private static let step = 64 * 1024

  private let budget: MemoryBudget
  private var parts = CircularBuffer<HTTPRequestPart>()
  private var bodyBytes = 0
  private var headBytes = 0
  /// Of the heads, what the budget counts.
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
    let (bodies, heads) = (bodyBytes + part.bodySize, headBytes + part.headSize(Self.headSize))
    guard bodies <= Self.bodyLimit, heads <= Self.headLimit else { return false }
    while heads > Self.freeHeads + counted {
      guard budget.growBuffer(by: Self.step) else { return false }
      counted += Self.step
    }
    (bodyBytes, headBytes) = (bodies, heads)
    parts.append(part)
    return true
  }

  func removeFirst() {
    let part = parts.removeFirst()
    bodyBytes -= part.bodySize
    headBytes -= part.headSize(Self.headSize)
    if parts.isEmpty { giveBack() }
  }

  func removeAll() {
    parts = CircularBuffer()
    (bodyBytes, headBytes) = (0, 0)
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

  /// - Parameter base: what is to be added to its text; for a head.
  fileprivate func headSize(_ base: Int) -> Int {
    guard case .head(let request) = self else { return 0 }
    let path = request.path?.utf8.count ?? 0
    return request.headerFields.reduce(base + path) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
  }
}
