import Glibc
import UploadCore

/// A client's connection to a server on this machine: blocking calls, one request after the other, nothing else, so that
/// the server is what is measured.
final class Connection: Sendable {
  /// How long a response may take, in milliseconds; a bound against hanging, for disks that sync slowly.
  private static let patience: Int32 = 300_000
  /// The longest response that is read, in bytes.
  private static let responseLimit = 64 << 10

  private let descriptor: Int32

  /// Connects to 127.0.0.1.
  /// - Throws: ``UploadError`` with code `connectionRefused`.
  init(port: UInt16) throws(UploadError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafeBytes(of: &address) { bytes in
      connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    guard status == 0 else { throw Self.failure("connect", .connectionRefused) }
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Sends bytes from memory.
  /// - Parameter more: whether they may wait for those that follow at once, to travel with them.
  /// - Throws: ``UploadError`` with code `connectionLost`.
  func send(_ bytes: [UInt8], more: Bool = false) throws(UploadError) {
    let flags = more ? Int32(MSG_MORE) : 0
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
      guard count > 0 else { throw Self.failure("write", .connectionLost) }
      done += count
    }
  }

  /// Sends `count` bytes of the file, from its start again whenever it ends.
  func send(_ file: SourceFile, count: Int) throws(UploadError) {
    var left = count
    var offset: off_t = 0
    while left > 0 {
      if offset == SourceFile.length { offset = 0 }
      let sent = sendfile(descriptor, file.descriptor, &offset, min(left, SourceFile.length - Int(offset)))
      guard sent > 0 else { throw Self.failure("sendfile", .connectionLost) }
      left -= sent
    }
  }

  /// Reads a response to its end.
  /// - Returns: its status.
  /// - Throws: ``UploadError`` with code `timedOut`, `connectionLost` or `badAnswer`.
  func readStatus() throws(UploadError) -> Int {
    var response: [UInt8] = []
    while response.count < Self.responseLimit {
      if let head = ResponseHead(response) {
        guard response.count < head.length + head.bodyLength else { return head.status }
      }
      response += try receive()
    }
    throw UploadError(.badAnswer, "The server's answer is no answer, or has no end.")
  }

  /// Uploads `size` bytes of `source` under a name and waits for the response.
  /// - Throws: ``UploadError``; code `refusedByServer` for any response but 201.
  func upload(_ name: String, size: Int, from source: SourceFile) throws(UploadError) {
    try sendHead(name, size: size, more: true)
    try send(source, count: size)
    try expectStored()
  }

  /// Sends the head of a request that uploads `size` bytes under a name.
  /// - Parameter more: whether the body follows at once, to travel with it.
  func sendHead(_ name: String, size: Int, more: Bool = false) throws(UploadError) {
    let lines = [
      "POST /stream-upload?name=\(name) HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/octet-stream",
      "Content-Length: \(size)", "", "",
    ]
    try send(Array(lines.joined(separator: "\r\n").utf8), more: more)
  }

  /// Waits for an upload's response.
  /// - Throws: ``UploadError``; code `refusedByServer` for any response but 201.
  func expectStored() throws(UploadError) {
    let status = try readStatus()
    guard status == 201 else { throw UploadError(.refusedByServer, "The server answered \(status) instead of 201.") }
  }

  private func receive() throws(UploadError) -> [UInt8] {
    var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&readable, 1, Self.patience) > 0 else { throw Self.failure("poll", .timedOut) }
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
      count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      filled = max(0, count)
    }
    guard count > 0 else { throw Self.failure("recv", .connectionLost) }
    return bytes
  }

  private static func failure(_ call: String, _ code: UploadError.Code) -> UploadError {
    let cause = SystemCallError(call, errno)
    return UploadError(code, "The connection to the server failed (\(cause)).", cause: cause)
  }
}

/// The head of an HTTP/1.1 response, as much of it as shows where the response ends.
struct ResponseHead: Equatable {
  let status: Int
  /// Bytes up to the body.
  let length: Int
  /// Bytes of the body; 0 when the head names none.
  let bodyLength: Int

  /// Nil when `bytes` do not hold the whole head yet, or it is none.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
    let field = "content-length:"
    let lengths = lines.dropFirst().filter { $0.lowercased().hasPrefix(field) }
    self.status = status
    length = end.upperBound
    bodyLength = lengths.first.flatMap { Int($0.dropFirst(field.count).drop { $0 == " " }) } ?? 0
  }
}
