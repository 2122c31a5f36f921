import Glibc
import UploadTestSupport

/// A connection for one case after another. Blocks its thread: an event loop between would cost more than a case.
final class FuzzConnection {
  /// How an exchange ended.
  enum End {
    /// The request is answered; the next may follow.
    case open
    /// The server has ended the connection.
    case closed
    /// It broke it off.
    case reset
    /// Nothing more came for as long as anybody waits.
    case hung
    /// What came is no answer.
    case nonsense
  }

  /// A silence this long is a hang, in milliseconds; shorter than the server's own limits, so that they hide none.
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

  /// Sends a case, and receives what is said to it: one answer to a whole one, to others all until the server's end.
  func exchange(_ one: FuzzCase) -> (answers: [FuzzAnswer], end: End, received: [UInt8]) {
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
      guard ready > 0 else { return (answers(received, mayLackBodies), .hung, received) }
      guard interest.revents & ~Int16(POLLOUT) != 0 else { continue }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN { continue }
      guard count > 0 else {
        let found = FuzzAnswer.parse(received, isOver: count == 0, mayLackBodies: mayLackBodies)
        return (found ?? [], found == nil ? .nonsense : count == 0 ? .closed : .reset, received)
      }
      received += buffer[..<count]
      guard one.isWhole else { continue }
      guard let found = FuzzAnswer.parse(received, isOver: false, mayLackBodies: false) else {
        return ([], .nonsense, received)
      }
      if let last = found.last, last.isFinal { return (found, last.isLast ? .closed : .open, received) }
    }
  }

  private func answers(_ received: [UInt8], _ mayLackBodies: Bool) -> [FuzzAnswer] {
    FuzzAnswer.parse(received, isOver: false, mayLackBodies: mayLackBodies) ?? []
  }

  /// Sends what the socket takes; a server that takes no more may still have said why.
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
