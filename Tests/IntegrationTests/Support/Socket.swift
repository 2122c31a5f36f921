import Glibc
import UploadTestSupport

/// A TCP connection on this machine, for requests that no client would send. Never blocks a thread.
final class Socket: Sendable {
  private let descriptor: Int32

  /// Takes a connected or listening descriptor over; closed with the last reference.
  fileprivate init(descriptor: Int32) {
    self.descriptor = descriptor
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Connects to a port of this machine.
  /// - Parameter receiveBuffer: of the kernel, in bytes, about; its default when nil.
  convenience init(port: Int, receiveBuffer: Int32? = nil) throws {
    let descriptor = try Loopback.connect(to: port) { descriptor in
      if let receiveBuffer { Loopback.setReceiveBuffer(receiveBuffer, of: descriptor) }
    }
    self.init(descriptor: descriptor)
  }

  deinit {
    close(descriptor)
  }

  /// Listens on a free port of this machine.
  static func listening() throws -> (socket: Socket, port: Int) {
    let (descriptor, port) = try Loopback.listen(backlog: 16)
    return (Socket(descriptor: descriptor), port)
  }

  /// Waits for a connection to a listening socket.
  func accept() async throws -> Socket {
    var accepted: Int32 = -1
    try await eventually("a connection") {
      accepted = Glibc.accept(descriptor, nil, nil)
      return accepted >= 0
    }
    return Socket(descriptor: accepted)
  }

  func send(_ text: String) async throws {
    try await send(Array(text.utf8))
  }

  /// Sends all of `bytes`.
  /// - Throws: ``SocketError`` when the other end has gone.
  func send(_ bytes: [UInt8]) async throws {
    var done = 0
    try await eventually("room to send") {
      while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EAGAIN { return false }
        guard count >= 0 else { throw SocketError(call: "send", number: errno) }
        done += count
      }
      return true
    }
  }

  /// Ends the sending side: FIN.
  func finish() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Makes the close that follows with the last reference a reset: RST.
  func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Receives until `isEnough` says so, or the other end has finished.
  /// - Returns: everything received in this call.
  /// - Throws: ``SocketError`` after a reset, `TimeoutError` when nothing more comes.
  @discardableResult
  func receive(until isEnough: ([UInt8]) -> Bool = { _ in false }) async throws -> [UInt8] {
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    try await eventually("the other end's bytes") {
      while !isEnough(received) {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN { return false }
        guard count >= 0 else { throw SocketError(call: "recv", number: errno) }
        if count == 0 { return true }
        received += buffer[..<count]
      }
      return true
    }
    return received
  }

  /// Whether the other end has finished, and nothing it sent is left.
  var isAtEnd: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) == 0
  }

  /// Receives what is there, at least a byte, however long that takes.
  /// - Returns: nothing when the other end has finished.
  func receiveSome() async throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count >= 0 { return Array(buffer[..<count]) }
      guard errno == EAGAIN else { throw SocketError(call: "recv", number: errno) }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  // MARK: With pauses, from a thread of its own, so that pauses are exact however many tests are running

  /// Sends chunks with a pause before each.
  /// - Throws: ``SocketError`` when the other end has gone.
  func send(_ pieces: [[UInt8]], pause: Duration = .zero) async throws {
    try await onThread {
      for piece in pieces {
        usleep(UInt32(pause / .microseconds(1)))
        var done = 0
        while done < piece.count {
          self.wait(for: POLLOUT)
          let count = piece[done...].withUnsafeBytes {
            Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
          guard count >= 0 || errno == EAGAIN else { throw SocketError(call: "send", number: errno) }
          done += max(0, count)
        }
      }
    }
  }

  /// Receives until `isEnough` says so, or the other end has finished; pauses before each of the first `pieces` reads.
  /// - Parameter pieceSize: the maximum of each of these, in bytes.
  /// - Throws: ``SocketError`` after a reset.
  func receive(
    pause: Duration,
    before pieces: Int,
    pieceSize: Int = 65_536,
    until isEnough: @escaping @Sendable ([UInt8]) -> Bool
  ) async throws -> [UInt8] {
    try await onThread {
      var received: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var number = 0
      while !isEnough(received) {
        if number < pieces { usleep(UInt32(pause / .microseconds(1))) }
        self.wait(for: POLLIN)
        let count = recv(self.descriptor, &buffer, number < pieces ? pieceSize : buffer.count, 0)
        guard count >= 0 else { throw SocketError(call: "recv", number: errno) }
        if count == 0 { break }
        received += buffer[..<count]
        number += 1
      }
      return received
    }
  }

  private func wait(for event: Int32) {
    var interest = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    poll(&interest, 1, -1)
  }

  /// Receives at least up to the empty line that ends the headers.
  @discardableResult
  func receiveHead() async throws -> String {
    String(decoding: try await receive { String(decoding: $0, as: UTF8.self).contains("\r\n\r\n") }, as: UTF8.self)
  }

  /// Receives a complete request with a body of `size` bytes, so that the response is not an early one.
  /// - Returns: its request line and headers.
  @discardableResult
  func receiveRequest(body size: Int) async throws -> String {
    let end = Array("\r\n\r\n".utf8)
    let received = try await receive { received in
      received.firstRange(of: end).map { received.count >= $0.upperBound + size } ?? false
    }
    return String(decoding: received.dropLast(size), as: UTF8.self)
  }

  /// Receives `count` complete responses, each with a Content-Length or without a body.
  func receiveResponses(_ count: Int = 1) async throws -> [HTTPResponse] {
    HTTPResponse.parse(try await receive { HTTPResponse.parse($0).count >= count })
  }
}
