import Glibc

/// One HTTP response as received.
struct FuzzResponse {
  let status: Int
  /// The fields in lower case.
  let fields: String
  let body: [UInt8]

  /// Whether it is not an interim response (1xx).
  var isFinal: Bool { status >= 200 }

  /// Whether the server accepts no further request on the connection.
  var isLast: Bool { fields.contains("\r\nconnection: close\r\n") }

  /// The responses that `bytes` consist of.
  /// - Parameters:
  ///   - isOver: whether no more bytes follow.
  ///   - mayLackBodies: a request may have been a HEAD.
  /// - Returns: the complete responses; nil when `bytes` is malformed, or incomplete although `isOver`.
  static func parse(_ bytes: [UInt8], isOver: Bool, mayLackBodies: Bool) -> [FuzzResponse]? {
    var responses: [FuzzResponse] = []
    var start = 0
    while start < bytes.count {
      guard let end = headEnd(bytes, from: start) else { return isOver ? nil : responses }
      let head = String(decoding: bytes[start..<end], as: UTF8.self)
      guard let line = head.split(separator: "\r\n").first, line.hasPrefix("HTTP/1.1 "),
        let status = Int(line.dropFirst(9).prefix(3)), (100..<600).contains(status)
      else { return nil }
      let fields = head.dropFirst(line.count).lowercased()
      var length = 0
      if let field = fields.firstRange(of: "\r\ncontent-length: ") {
        guard let stated = Int(fields[field.upperBound...].prefix { $0 != "\r\n" }) else { return nil }
        length = status == 304 ? 0 : stated
      }
      let lacksBody = mayLackBodies && (startsResponse(bytes, at: end) || (isOver && end == bytes.count))
      if fields.contains("\r\ntransfer-encoding: chunked\r\n"), !lacksBody {
        guard let (body, next) = chunked(bytes, from: end) else { return isOver ? nil : responses }
        responses.append(FuzzResponse(status: status, fields: fields, body: body))
        start = next
        continue
      }
      if lacksBody { length = 0 }
      guard bytes.count - end >= length else { return isOver ? nil : responses }
      responses.append(FuzzResponse(status: status, fields: fields, body: Array(bytes[end..<end + length])))
      start = end + length
    }
    return responses
  }

  /// A body in chunks (RFC 9112 section 7.1), without trailers, and where it ends; nil when it is not complete.
  private static func chunked(_ bytes: [UInt8], from start: Int) -> (body: [UInt8], end: Int)? {
    var (body, place): ([UInt8], Int) = ([], start)
    while let lineEnd = bytes[place...].firstIndex(of: 0x0D), lineEnd + 1 < bytes.count,
      let length = Int(String(decoding: bytes[place..<lineEnd], as: UTF8.self), radix: 16), length >= 0
    {
      let content = lineEnd + 2
      guard bytes.count - content >= length + 2 else { return nil }
      body += bytes[content..<content + length]
      place = content + length + 2
      if length == 0 { return (body, place) }
    }
    return nil
  }

  /// The offset after the empty line that ends the first headers from `start` on; nil when it is not there yet.
  private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return nil }
      var place = start
      // From one CR to the next: in unoptimized code a search byte by byte would take longer than the request.
      while let found = memchr(base + place, 0x0D, all.count - place) {
        let end = UnsafeRawPointer(found) - base + 4
        guard end <= all.count else { return nil }
        if memcmp(found, "\r\n\r\n", 4) == 0 { return end }
        place = end - 3
      }
      return nil
    }
  }

  private static func startsResponse(_ bytes: [UInt8], at place: Int) -> Bool {
    bytes[place...].starts(with: "HTTP/1.1 ".utf8)
  }
}
