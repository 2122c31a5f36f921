import Glibc
import UploadTestSupport

/// A connection for one case after another. Blocks its thread: an event loop between would cost more than a case.
final class FuzzConnection {
  /// How an exchange ended.
  enum End {
    /// The response is complete; the next request may follow.
    case open
    /// The server has ended the connection.
    case closed
    /// The server has reset the connection.
    case reset
    /// No data was received for `patience`.
    case hung
    /// The received bytes are no HTTP response.
    case nonsense
  }

  /// Milliseconds without data that count as a hang; shorter than the server's own timeouts, so that these hide none.
  private static let patience: Int32 = 120_000

  private let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  init(port: Int) throws {
    descriptor = try Loopback.connect(to: port)
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  deinit {
    close(descriptor)
  }

  /// Sends a case and receives one response to a complete request, or all responses until the server closes.
  func exchange(_ one: FuzzCase) -> (responses: [FuzzResponse], end: End, received: [UInt8]) {
    var (sent, hasEnded) = (0, false)
    var received: [UInt8] = []
    let mayLackBodies = !one.isWhole
    while true {
      send(one.bytes, &sent)
      if !one.isWhole, !hasEnded, sent == one.bytes.count {
        hasEnded = true
        shutdown(descriptor, Int32(SHUT_WR))
      }
      var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if sent < one.bytes.count { interest.events |= Int16(POLLOUT) }
      let ready = poll(&interest, 1, Self.patience)
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return (responses(received, mayLackBodies), .hung, received) }
      guard interest.revents & ~Int16(POLLOUT) != 0 else { continue }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN { continue }
      guard count > 0 else {
        let found = FuzzResponse.parse(received, isOver: count == 0, mayLackBodies: mayLackBodies)
        return (found ?? [], found == nil ? .nonsense : count == 0 ? .closed : .reset, received)
      }
      received += buffer[..<count]
      guard one.isWhole else { continue }
      guard let found = FuzzResponse.parse(received, isOver: false, mayLackBodies: false) else {
        return ([], .nonsense, received)
      }
      if let last = found.last, last.isFinal { return (found, last.isLast ? .closed : .open, received) }
    }
  }

  private func responses(_ received: [UInt8], _ mayLackBodies: Bool) -> [FuzzResponse] {
    FuzzResponse.parse(received, isOver: false, mayLackBodies: mayLackBodies) ?? []
  }

  /// Sends as many bytes as the socket accepts. After a failed send there may still be a response to read.
  private func send(_ bytes: [UInt8], _ sent: inout Int) {
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EAGAIN { return }
      sent = count < 0 ? bytes.count : sent + count
    }
  }
}
