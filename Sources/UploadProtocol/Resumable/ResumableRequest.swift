package import HTTPTypes

/// What a ``ResumableExchange`` knows of its request before the body arrives.
package struct ResumableRequest: Sendable {
  package var head: HTTPRequest
  /// The length of the body in bytes: 0 without a body, nil for a chunked one.
  package var bodyLength: UInt64?
  /// The ID of the resource in the path, as the client stated it and perhaps malformed; nil for the path of a creation.
  package var id: String?
  package var limits: ResumableLimits
  /// The current time in seconds since 1970.
  package var now: Int64

  package init(head: HTTPRequest, bodyLength: UInt64?, id: String?, limits: ResumableLimits, now: Int64) {
    self.head = head
    self.bodyLength = bodyLength
    self.id = id
    self.limits = limits
    self.now = now
  }

  /// When the resource expires if this request extends its lifetime, as every one that appends does; in seconds since
  /// 1970.
  /// - Parameter expires: when it expires so far.
  func extended(_ expires: Int64) -> Int64 {
    let (sum, overflows) = now.addingReportingOverflow(max(0, limits.maxAge))
    return max(expires, overflows ? .max : sum)
  }
}

/// How much of a body has arrived, compared with what is allowed.
struct AppendedBody: Sendable {
  /// Where it starts, in bytes from the beginning of the file.
  var start: UInt64 = 0
  /// Bytes of this body that have arrived.
  var received: UInt64 = 0
  /// The length of the file; nil while it is not known.
  var length: UInt64?

  /// Which limit a body is over.
  enum Excess: Sendable {
    case length, size, appendSize
  }

  /// Where it ends so far.
  var end: UInt64 { start.saturatingSum(received) }

  /// Counts the next bytes; a negative count counts as 0.
  /// - Returns: the limit that they exceed; nil for none.
  mutating func receive(_ count: Int, _ limits: ResumableLimits) -> Excess? {
    received = received.saturatingSum(UInt64(clamping: count))
    if let length, end > length { return .length }
    if let maxSize = limits.maxSize, end > maxSize { return .size }
    if let maxAppendSize = limits.maxAppendSize, received > maxAppendSize { return .appendSize }
    return nil
  }
}
