import Crypto
import Glibc

/// The server's end of one connection, controlled step by step with blocking calls.
package final class Peer {
  package struct Request: Sendable {
    package var method: String
    package var uri: String
    /// In the order and spelling in which they were received.
    package var fields: [(name: String, value: String)]

    package subscript(name: String) -> String? {
      fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  package struct Body: Sendable, Equatable {
    package var count = 0
    /// Lower-case hexadecimal.
    package var sha256 = ""

    package init(count: Int = 0, sha256: String = "") { (self.count, self.sha256) = (count, sha256) }
  }

  package struct ConnectionClosed: Error {}

  private var descriptor: CInt
  private var buffer: [UInt8] = []
  /// Whether the client has closed its sending side.
  package private(set) var atEnd = false

  package init(_ descriptor: CInt) {
    self.descriptor = descriptor
    // Only so that a failing test ends.
    var bound = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &bound, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &bound, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close() }

  /// Closes the connection; with unread bytes the kernel sends a reset.
  package func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
  }

  /// Closes the connection with a reset.
  package func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    close()
  }

  /// Closes the sending side.
  package func finish() {
    shutdown(descriptor, CInt(SHUT_WR))
  }

  package func send(_ text: String) throws { try send(Array(text.utf8)) }

  package func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      guard count > 0 else { throw ConnectionClosed() }
      rest = rest.dropFirst(count)
    }
  }

  /// Responds with `body` and announces that the connection will be closed.
  package func respond(_ status: String, _ body: String = "", headers: String = "") throws {
    try send(
      "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)"
    )
  }

  /// Responds as a Sluice server does for one stored file.
  package func stored(_ name: String, _ size: Int, type: String = "text/plain") throws {
    try respond(
      "201 Created",
      #"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"\#(name)","size":\#(size),"type":"\#(type)"}]}"#
    )
  }

  package func readHead() throws -> Request {
    while buffer.firstRange(of: Array("\r\n\r\n".utf8)) == nil { try fill() }
    guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else { throw ConnectionClosed() }
    let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    buffer.removeSubrange(..<end.upperBound)
    let words = lines[0].split(separator: " ")
    return Request(
      method: String(words[0]),
      uri: String(words[1]),
      fields: lines.dropFirst().map { line in
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        return (String(line[..<colon]), String(line[colon...].dropFirst(2)))
      }
    )
  }

  /// Reads exactly `count` bytes.
  package func read(_ count: Int) throws -> [UInt8] {
    while buffer.count < count { try fill() }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  /// Reads the whole body of `request`, with a length or in chunks.
  package func readBody(of request: Request) throws -> [UInt8] {
    if let length = request["Content-Length"].flatMap({ Int($0) }) { return try read(length) }
    var body: [UInt8] = []
    while true {
      let size = Int(try readLine(), radix: 16) ?? 0
      body += try read(size)
      _ = try readLine()
      if size == 0 { return body }
    }
  }

  /// Reads the first `count` bytes of the body of `request`, with a length or in chunks.
  package func readBody(of request: Request, first count: Int) throws -> [UInt8] {
    guard request["Content-Length"] == nil else { return try read(count) }
    var body: [UInt8] = []
    while true {
      let size = Int(try readLine(), radix: 16) ?? 0
      guard size > 0, size < count - body.count else { return try body + read(min(size, count - body.count)) }
      body += try read(size)
      _ = try readLine()
    }
  }

  /// Reads a body with a length without keeping it.
  package func digestBody(of request: Request) throws -> Body {
    var rest = request["Content-Length"].flatMap { Int($0) } ?? 0
    var body = Body(count: rest)
    var hash = SHA256()
    while rest > 0 {
      if buffer.isEmpty { try fill() }
      let chunk = buffer.prefix(rest)
      hash.update(data: Array(chunk))
      rest -= chunk.count
      buffer.removeFirst(chunk.count)
    }
    body.sha256 = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return body
  }

  /// Reads and discards until the client closes or resets the connection.
  /// - Returns: how many bytes were read.
  @discardableResult
  package func drain() -> Int {
    var count = buffer.count
    buffer = []
    while (try? fill()) != nil {
      count += buffer.count
      buffer = []
    }
    return count
  }

  /// Whether bytes of a further request arrive within so many milliseconds.
  package func hasMore(within milliseconds: CInt) -> Bool {
    var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return !buffer.isEmpty || poll(&interest, 1, milliseconds) == 1
  }

  /// Waits until the client has closed the connection, without reading from the socket.
  package func waitForHangUp() throws {
    // POLLRDHUP, which Glibc's module hides.
    var interest = pollfd(fd: descriptor, events: 0x2000, revents: 0)
    guard poll(&interest, 1, 30_000) == 1 else { throw TimeoutError("the client kept the connection") }
  }

  private func readLine() throws -> String {
    while buffer.firstRange(of: [13, 10]) == nil { try fill() }
    guard let end = buffer.firstRange(of: [13, 10]) else { throw ConnectionClosed() }
    defer { buffer.removeSubrange(..<end.upperBound) }
    return String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
  }

  private func fill() throws {
    var chunk = [UInt8](repeating: 0, count: 256 * 1024)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else {
      atEnd = count == 0
      throw ConnectionClosed()
    }
    buffer += chunk[..<count]
  }
}
