import NIOCore
import NIOHTTP1

/// A server's final answer, as far as it was read.
struct ServerAnswer: Sendable, Equatable {
  /// How much of an answer's body is kept, in bytes: an answer is a line of JSON, and whoever sends more is not believed
  /// to say more.
  static let bodyLimit = 64 * 1024

  let status: Int
  /// The usual words for the status; empty for a status without any.
  let reason: String
  /// Where a redirection leads.
  let location: String?
  /// Media type of the body; nil when the server states none.
  let contentType: String?
  /// When to come again; nil when the server does not say.
  let retryAfter: String?
  /// At most ``bodyLimit`` bytes.
  private(set) var body: [UInt8] = []

  init(
    status: Int,
    reason: String,
    location: String? = nil,
    contentType: String? = nil,
    retryAfter: String? = nil,
    body: [UInt8] = []
  ) {
    self.status = status
    self.reason = reason
    self.location = location
    self.contentType = contentType
    self.retryAfter = retryAfter
    self.body = body
  }

  init(_ head: HTTPResponseHead) {
    self.init(
      status: Int(head.status.code),
      reason: head.status.reasonPhrase,
      location: head.headers.first(name: "location"),
      contentType: head.headers.first(name: "content-type"),
      retryAfter: head.headers.first(name: "retry-after")
    )
  }

  /// Keeps `bytes` as far as there is room.
  /// - Returns: whether all of them were kept.
  mutating func append(_ bytes: ByteBuffer) -> Bool {
    let room = Self.bodyLimit - body.count
    body.append(contentsOf: bytes.readableBytesView.prefix(room))
    return bytes.readableBytes <= room
  }
}
