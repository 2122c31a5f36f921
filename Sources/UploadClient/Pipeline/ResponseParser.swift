import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// Parses the responses of one connection (RFC 9112), whatever chunks they arrive in.
///
/// The parser of SwiftNIO needs each request as a message of its own, while small requests are written as one buffer each.
/// This one is strict: a response whose end is not certain would give the next upload the response of another. Of the
/// header fields it keeps the first of each that ``ExchangeResponse`` has a property for.
struct ResponseParser {
  enum Event: Equatable {
    /// The bytes so far contain no further event.
    case needsMore
    /// An informational response (RFC 9110 section 15.2).
    case informational(status: Int)
    /// A final response, complete.
    case response(ExchangeResponse)
    /// A final response whose body is longer than any that is read to its end. No event follows.
    case endless(ExchangeResponse)
    /// The bytes are no response, or exceed the limits. No event follows.
    case malformed
  }

  /// What the end of the connection means.
  enum End: Equatable {
    /// Between two responses.
    case clean
    /// The response ends with the connection.
    case response(ExchangeResponse)
    /// In the middle of a response; nil when not even its headers are complete.
    case interrupted(ExchangeResponse?)
  }

  private enum State {
    /// Next: any other.
    case headers
    /// So many bytes of the body are left; next: headers.
    case body(ExchangeResponse, left: UInt64)
    /// Next: chunk, trailer, malformed.
    case chunkSize(ExchangeResponse)
    /// So many bytes of the chunk are left, its line end included; next: chunkSize, malformed.
    case chunk(ExchangeResponse, left: UInt64)
    /// Next: headers, malformed.
    case trailer(ExchangeResponse, bytes: Int)
    /// The body ends with the connection.
    case untilEnd(ExchangeResponse)
    case malformed

    var isMalformed: Bool {
      if case .malformed = self { true } else { false }
    }
  }

  /// The limits on the headers, and on the trailer section: the same as for other uploads.
  private static let headersLimit = 64 * 1024
  private static let fieldLimit = 16 * 1024
  private static let fieldCountLimit = 128
  /// The longest chunk-size line.
  private static let chunkLineLimit = 4096
  /// The most bytes of one body that are read, of which ``ExchangeResponse/bodyLimit`` are kept: a server might send without
  /// end.
  private static let bodyLimit = 1 << 20

  private var state = State.headers
  private var pending = ByteBuffer()
  /// How many bytes of ``pending`` were searched for the end of the headers.
  private var scanned = 0
  /// How many bytes the body has had so far.
  private var bodyBytes = 0

  /// Whether a response has begun and is not complete.
  var isInside: Bool {
    switch state {
    case .headers: pending.readableBytes > 0
    case .body, .chunkSize, .chunk, .trailer, .untilEnd: true
    case .malformed: false
    }
  }

  /// Adds bytes of the connection. Call ``next()`` until it needs more.
  mutating func append(_ bytes: ByteBuffer) {
    if pending.readableBytes == 0 {
      pending = bytes
    } else {
      var bytes = bytes
      pending.writeBuffer(&bytes)
    }
  }

  /// The next event.
  mutating func next() -> Event {
    while true {
      let event: Event?
      switch state {
      case .headers: event = readHeaders()
      case .body(let response, let left): event = readBody(response, left)
      case .chunkSize(let response): event = readChunkSize(response)
      case .chunk(let response, let left): event = readChunk(response, left)
      case .trailer(let response, let bytes): event = readTrailer(response, bytes)
      case .untilEnd(var response):
        add(takeAll(), to: &response)
        state = .untilEnd(response)
        event = endIfTooLong(response) ?? .needsMore
      case .malformed: event = .malformed
      }
      if let event { return event }
    }
  }

  /// The connection has ended. Call it when ``next()`` needs more.
  func end() -> End {
    switch state {
    case .headers: pending.readableBytes > 0 ? .interrupted(nil) : .clean
    case .untilEnd(let response): .response(response)
    case .body(let response, _), .chunkSize(let response), .chunk(let response, _), .trailer(let response, _):
      .interrupted(response)
    case .malformed: .clean
    }
  }

  // MARK: The headers

  /// - Returns: nil when the state has changed without an event.
  private mutating func readHeaders() -> Event? {
    guard let length = headersLength() else { return state.isMalformed ? .malformed : .needsMore }
    (scanned, bodyBytes) = (0, 0)
    guard let bytes = pending.readSlice(length: length), let parsed = Headers(Array(bytes.readableBytesView)[...])
    else {
      return fail()
    }
    if parsed.response.status < 200 { return .informational(status: parsed.response.status) }
    switch parsed.framing {
    case .none: return .response(parsed.response)
    case .length(let count): state = .body(parsed.response, left: count)
    case .chunked: state = .chunkSize(parsed.response)
    case .untilEnd: state = .untilEnd(parsed.response)
    }
    return nil
  }

  /// The length of the headers with the empty line at their end; nil when they are not complete, or malformed.
  private mutating func headersLength() -> Int? {
    while let line = lineLength(from: scanned, limit: Self.headersLimit) {
      // An empty line.
      if line == 2, scanned > 0 { return scanned + line }
      scanned += line
      guard scanned <= Self.headersLimit, line > 2, line <= Self.fieldLimit else {
        state = .malformed
        return nil
      }
    }
    if pending.readableBytes > Self.headersLimit { state = .malformed }
    return nil
  }

  /// The number of bytes at `offset` up to and with the next CRLF; nil when it is not complete, or malformed.
  private mutating func lineLength(from offset: Int, limit: Int) -> Int? {
    let view = pending.readableBytesView.dropFirst(offset)
    guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
      if view.count > limit { state = .malformed }
      return nil
    }
    let length = end - view.startIndex + 1
    guard length >= 2, view[end - 1] == UInt8(ascii: "\r") else {
      state = .malformed
      return nil
    }
    return length
  }

  // MARK: The body

  private mutating func readBody(_ response: ExchangeResponse, _ left: UInt64) -> Event? {
    var response = response
    let part = takePrefix(left)
    add(part, to: &response)
    let rest = left - UInt64(part.readableBytes)
    guard rest == 0 else {
      state = .body(response, left: rest)
      return endIfTooLong(response) ?? .needsMore
    }
    state = .headers
    return .response(response)
  }

  private mutating func readChunkSize(_ response: ExchangeResponse) -> Event? {
    guard let length = lineLength(from: 0, limit: Self.chunkLineLimit) else {
      return state.isMalformed ? .malformed : .needsMore
    }
    guard length <= Self.chunkLineLimit, let line = pending.readSlice(length: length) else { return fail() }
    let text = line.readableBytesView.dropLast(2)
    let digits = text.prefix { Self.hexValue($0) != nil }
    let rest = text.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard (1...15).contains(digits.count), rest.first ?? UInt8(ascii: ";") == UInt8(ascii: ";") else { return fail() }
    let size = digits.reduce(UInt64(0)) { $0 << 4 | UInt64(Self.hexValue($1) ?? 0) }
    state = size > 0 ? .chunk(response, left: size + 2) : .trailer(response, bytes: 0)
    return nil
  }

  private mutating func readChunk(_ response: ExchangeResponse, _ left: UInt64) -> Event? {
    var response = response
    let part = takePrefix(left > 2 ? left - 2 : 0)
    add(part, to: &response)
    let rest = left - UInt64(part.readableBytes)
    if let end = endIfTooLong(response) { return end }
    guard rest == 2, pending.readableBytes >= 2 else {
      state = .chunk(response, left: rest)
      return .needsMore
    }
    guard pending.readBytes(length: 2) == [13, 10] else { return fail() }
    state = .chunkSize(response)
    return nil
  }

  private mutating func readTrailer(_ response: ExchangeResponse, _ bytes: Int) -> Event? {
    guard let length = lineLength(from: 0, limit: Self.headersLimit) else {
      return state.isMalformed ? .malformed : .needsMore
    }
    guard bytes + length <= Self.headersLimit else { return fail() }
    pending.moveReaderIndex(forwardBy: length)
    if length == 2 {
      state = .headers
      return .response(response)
    }
    state = .trailer(response, bytes: bytes + length)
    return nil
  }

  private mutating func takePrefix(_ limit: UInt64) -> ByteBuffer {
    pending.readSlice(length: Int(min(limit, UInt64(pending.readableBytes)))) ?? ByteBuffer()
  }

  private mutating func takeAll() -> ByteBuffer {
    defer { pending.clear() }
    return pending
  }

  private mutating func add(_ bytes: ByteBuffer, to response: inout ExchangeResponse) {
    bodyBytes += bytes.readableBytes
    _ = response.append(bytes, upTo: ExchangeResponse.bodyLimit)
  }

  /// - Returns: nil unless the body has exceeded the limit.
  private mutating func endIfTooLong(_ response: ExchangeResponse) -> Event? {
    guard bodyBytes > Self.bodyLimit else { return nil }
    state = .malformed
    return .endless(response)
  }

  private mutating func fail() -> Event {
    state = .malformed
    return .malformed
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case _: nil
    }
  }

  /// The headers of a response, and how its body ends.
  private struct Headers {
    enum Framing {
      case none
      case length(UInt64)
      case chunked
      case untilEnd
    }

    private(set) var response = ExchangeResponse(status: 0)
    private(set) var framing = Framing.none
    private var length: UInt64?
    private var isChunked = false
    private var closes = false

    /// - Parameter bytes: up to and with the empty line.
    /// - Returns: nil when they are malformed or their framing is ambiguous.
    init?(_ bytes: ArraySlice<UInt8>) {
      var rest = bytes
      var count = 0
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = rest[rest.startIndex..<end - 1]
        rest = rest[(end + 1)...]
        guard !line.contains(UInt8(ascii: "\r")) else { return nil }
        if count == 0 {
          guard readStatus(line) else { return nil }
        } else if !line.isEmpty {
          guard count <= ResponseParser.fieldCountLimit, readField(line) else { return nil }
        }
        count += 1
      }
      response.keepsConnection = !closes
      let hasNoBody = response.status < 200 || response.status == 204 || response.status == 304
      switch (hasNoBody, isChunked, length) {
      case (true, _, _): framing = .none
      // Only one of them: a server that sends both may be two that disagree (RFC 9112 section 6.3).
      case (false, true, nil): framing = .chunked
      case (false, true, _?): return nil
      case (false, false, let count?): framing = .length(count)
      case (false, false, nil):
        framing = .untilEnd
        response.keepsConnection = false
      }
    }

    /// `HTTP/1.1 201 Created`.
    private mutating func readStatus(_ line: ArraySlice<UInt8>) -> Bool {
      guard line.count >= 12, line.starts(with: "HTTP/1.".utf8) else { return false }
      let start = line.startIndex
      let digits = line[start + 9..<start + 12]
      let (minor, status) = (line[start + 7], digits.reduce(0) { $0 * 10 + Int($1) - 48 })
      guard minor == UInt8(ascii: "0") || minor == UInt8(ascii: "1"), line[start + 8] == UInt8(ascii: " "),
        digits.allSatisfy({ (0x30...0x39).contains($0) }), status >= 100,
        line.count == 12 || line[start + 12] == UInt8(ascii: " ")
      else { return false }
      if minor == UInt8(ascii: "0") { closes = true }
      response.status = status
      response.reason = HTTPResponseStatus(statusCode: status).reasonPhrase
      return true
    }

    private mutating func readField(_ line: ArraySlice<UInt8>) -> Bool {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
      let name = line[line.startIndex..<colon]
      guard name.isToken else { return false }
      let value = line[(colon + 1)...].trimmingBlanks
      guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return false }
      var text: String { String(decoding: value, as: UTF8.self) }
      switch name.count {
      case 8 where name.matches("location"): keep(text, as: "location")
      case 10 where name.matches("connection"): closes = closes || Self.has("close", in: text)
      case 11 where name.matches("retry-after"): keep(text, as: "retry-after")
      case 12 where name.matches("content-type"): keep(text, as: "content-type")
      case 14 where name.matches("content-length"):
        guard let count = Self.length(text), length ?? count == count else { return false }
        length = count
      case 17 where name.matches("transfer-encoding"):
        guard !isChunked, text.lowercased() == "chunked" else {
          return false
        }
        isChunked = true
      case _: break
      }
      return true
    }

    private mutating func keep(_ value: @autoclosure () -> String, as name: String) {
      if response.headers.isEmpty { response.headers.reserveCapacity(3) }
      if !response.headers.contains(name: name) { response.headers.add(name: name, value: value()) }
    }

    private static func has(_ token: String, in list: String) -> Bool {
      list.lowercased().split(separator: ",").contains { $0.utf8.trimmingBlanks.elementsEqual(token.utf8) }
    }

    private static func length(_ text: String) -> UInt64? {
      guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      return UInt64(text)
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether it is the lower-case `name`, in any case.
  fileprivate func matches(_ name: StaticString) -> Bool {
    name.withUTF8Buffer { other in elementsEqual(other) { $0 | 0x20 == $1 } }
  }
}
