import Glibc
import UploadCore

/// A client's connection to a server on this machine. Blocking system calls and one request at a time keep the client's
/// share of a measurement small. For one thread at a time.
final class Connection: Sendable {
  /// How long to wait for bytes of a response, in milliseconds; long enough for disks that sync slowly.
  private static let responseTimeout: Int32 = 300_000
  /// Maximum length of a response, in bytes.
  private static let responseLimit = 64 << 10

  private static let failure = "The connection to the server failed"

  private let descriptor: Int32

  /// Connects to a port of 127.0.0.1.
  /// - Throws: ``UploadError`` with code `connectionRefused`.
  init(port: UInt16) throws(UploadError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let descriptor = descriptor
    var address = sockaddr_in.loopback(port)
    let isConnected = address.withAddress { connect(descriptor, $0, $1) == 0 }
    try check(isConnected, "connect", .connectionRefused, Self.failure)
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Sends bytes from memory; blocks until the kernel has all of them.
  /// - Parameter more: whether the kernel may delay them to send them together with the next ones.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func send(_ bytes: [UInt8], more: Bool = false) throws(UploadError) {
    let flags = more ? Int32(MSG_MORE) : 0
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
      try check(count > 0, "send", .connectionLost, Self.failure)
      done += count
    }
  }

  /// Sends the first `count` bytes of the file, which begins again after its end; blocks until the kernel has all of
  /// them.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func send(_ file: SourceFile, count: Int) throws(UploadError) {
    try send(file.descriptor, length: SourceFile.length, count: count)
  }

  /// Sends the first `count` bytes of an open file of `length` bytes, which begins again after its end; blocks until the
  /// kernel has all of them.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func send(_ file: Int32, length: Int, count: Int) throws(UploadError) {
    var left = count
    var offset: off_t = 0
    while left > 0 {
      if offset == length { offset = 0 }
      let sent = sendfile(descriptor, file, &offset, min(left, length - Int(offset)))
      try check(sent > 0, "sendfile", .connectionLost, Self.failure)
      left -= sent
    }
  }

  /// Uploads `size` bytes of `source` under a name and waits for the response.
  /// - Throws: ``UploadError`` with a code of ``expectStored()``.
  func upload(_ name: String, size: Int, from source: SourceFile) throws(UploadError) {
    try sendHead(name, size: size, more: true)
    try send(source, count: size)
    try expectStored()
  }

  /// Sends the request line and headers for an upload of `size` bytes under a name.
  /// - Parameters:
  ///   - name: the file's name, percent-encoded.
  ///   - size: bytes of the body.
  ///   - more: whether the kernel may delay them to send them together with the body.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func sendHead(_ name: String, size: Int, more: Bool = false) throws(UploadError) {
    try sendHead(of: "POST /stream-upload?name=\(name)", size: size, more: more)
  }

  /// Sends the request line and headers of an upload of `size` bytes.
  /// - Parameters:
  ///   - request: the method and the target.
  ///   - size: bytes of the body.
  ///   - more: whether the kernel may delay them to send them together with the body.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func sendHead(of request: String, size: Int, more: Bool) throws(UploadError) {
    let lines = [
      "\(request) HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/octet-stream", "Content-Length: \(size)",
      "", "",
    ]
    try send(Array(lines.joined(separator: "\r\n").utf8), more: more)
  }

  /// Waits for an upload's response and reads it to its end; at most 5 minutes without a byte.
  /// - Throws: ``UploadError``: code `refusedByServer` for any status but 201, `badAnswer` when 64 KiB contain no
  ///   complete response, `timedOut` or `connectionLost`.
  func expectStored() throws(UploadError) {
    var response: [UInt8] = []
    while response.count < Self.responseLimit {
      if let head = ResponseHead(response), response.count >= head.length {
        guard head.status != 201 else { return }
        throw UploadError(.refusedByServer, "The server responded with status \(head.status), not 201.")
      }
      response += try receive()
    }
    throw UploadError(.badAnswer, "The server's response is not HTTP, or is longer than 64 KiB.")
  }

  private func receive() throws(UploadError) -> ArraySlice<UInt8> {
    var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ready = poll(&readable, 1, Self.responseTimeout)
    try check(ready > 0, "poll", .timedOut, "The server did not respond in time")
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    try check(count > 0, "recv", .connectionLost, Self.failure)
    return bytes.prefix(count)
  }
}

/// The status and length of an HTTP/1.1 response, from its headers.
struct ResponseHead {
  let status: Int
  /// Bytes of headers and body together. Without a Content-Length the body counts as empty.
  let length: Int

  /// Nil when `bytes` are malformed, or the headers are not complete yet. The body need not be complete.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let fields = lines.first?.split(separator: " ") ?? []
    guard fields.count > 1, fields[0].hasPrefix("HTTP/1."), let status = Int(fields[1]) else { return nil }
    let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
    self.status = status
    self.length = end.upperBound + (length?.split { ": ".contains($0) }.last.flatMap { Int($0) } ?? 0)
  }
}

extension sockaddr_in {
  /// A port of 127.0.0.1.
  static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }

  /// Calls `body` with the address and its length as system calls expect them; the pointer is valid during the call.
  mutating func withAddress<Result>(_ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafeMutablePointer(to: &self) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
