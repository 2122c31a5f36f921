package import NIOCore
package import NIOHTTP1

/// A response, as far as it was received: the final one, or the headers of an informational one.
package struct ExchangeResponse: Sendable, Equatable {
  /// How much of a final response was received.
  package enum Extent: Sendable {
    /// All of it, or all so far.
    case complete
    /// The beginning: its body is longer than what is kept, or the receiver needs no more of it.
    case truncated
    /// The beginning: the connection was lost, or the rest was malformed or not received in time.
    case interrupted
  }

  /// The statuses of redirections to a page that confirms a processed form (RFC 9110 section 15.4.4).
  package static let seeOther: Set<Int> = [302, 303]

  /// The HTTP status, 100 to 999.
  package var status: Int
  /// The standard reason phrase of the status; empty when it has none.
  package var reason: String
  /// All header fields, as sent.
  package var headers: HTTPHeaders
  /// The beginning of the body, at most as many bytes as ``ExchangeStateMachine/Plan/bodyLimit``; empty for one that was
  /// passed on.
  package var body: [UInt8]
  /// The target of the request, as in its request line; nil where it was not noted.
  package var requestURI: String?
  /// Whether the server keeps the connection for another request after this response, and all of it was received:
  /// HTTP/1.1 without `Connection: close`. HTTP/1.0 servers count as closing.
  package var keepsConnection: Bool
  package var extent = Extent.complete

  package init(
    status: Int,
    reason: String = "",
    headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8] = [],
    keepsConnection: Bool = false
  ) {
    (self.status, self.reason, self.headers) = (status, reason, headers)
    (self.body, self.keepsConnection) = (body, keepsConnection)
  }

  /// A response whose headers were received, without its body; ``append(_:upTo:)`` adds that.
  package init(_ head: HTTPResponseHead) {
    self.init(
      status: Int(head.status.code),
      reason: head.status.reasonPhrase,
      headers: head.headers,
      keepsConnection: head.keepsConnection
    )
  }

  /// Whether the status is one from 200 to 299.
  package var isSuccess: Bool { (200..<300).contains(status) }

  /// The same response, after which the connection is not kept.
  package func closing(_ extent: Extent = .complete) -> ExchangeResponse {
    var copy = self
    (copy.keepsConnection, copy.extent) = (false, extent)
    return copy
  }

  /// Adds `bytes` to the body, up to `limit`.
  /// - Returns: whether all of them were kept.
  package mutating func append(_ bytes: ByteBuffer, upTo limit: Int) -> Bool {
    let room = limit - body.count
    body.append(contentsOf: bytes.readableBytesView.prefix(room))
    return bytes.readableBytes <= room
  }
}
