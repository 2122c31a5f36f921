import Glibc

/// A call on a socket failed.
package struct SocketError: Error {
  package let call: String
  /// `errno` after the call.
  package let number: Int32

  package init(call: String, number: Int32) {
    self.call = call
    self.number = number
  }
}

/// TCP sockets at 127.0.0.1, as descriptors that the caller closes.
package enum Loopback {
  /// Connects a new socket to a port.
  /// - Parameter prepare: sets options of the socket first; of a non-blocking one the connection may only have begun.
  /// - Returns: the socket.
  /// - Throws: ``SocketError``.
  package static func connect(to port: Int, prepare: (Int32) -> Void = { _ in }) throws -> Int32 {
    try open("connect", port: port, prepare) { descriptor, address, length in
      Glibc.connect(descriptor, address, length) == 0 || errno == EINPROGRESS
    }.descriptor
  }

  /// Binds a new socket to a port, without listening.
  /// - Parameters:
  ///   - port: 0 for any that is free.
  ///   - prepare: sets options of the socket first.
  /// - Throws: ``SocketError``.
  package static func bind(
    to port: Int = 0,
    prepare: (Int32) -> Void = { _ in }
  ) throws -> (descriptor: Int32, port: Int) {
    try open("bind", port: port, prepare) { descriptor, address, length in
      var length = length
      return Glibc.bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
    }
  }

  /// Listens on a free port with a new socket.
  /// - Parameters:
  ///   - backlog: how many connections may wait to be accepted.
  ///   - prepare: sets options of the socket first.
  /// - Throws: ``SocketError``.
  package static func listen(
    backlog: Int32 = 64,
    prepare: (Int32) -> Void = { _ in }
  ) throws -> (descriptor: Int32, port: Int) {
    let (descriptor, port) = try bind(prepare: prepare)
    guard Glibc.listen(descriptor, backlog) == 0 else { throw failure("listen", descriptor) }
    return (descriptor, port)
  }

  /// Sets the size of a socket's receive buffer, in bytes. Call it before the connection begins, which tells the peer
  /// how large the window can become. Errors are ignored.
  package static func setReceiveBuffer(_ size: Int32, of descriptor: Int32) {
    set(SO_RCVBUF, to: size, of: descriptor)
  }

  /// Sets an option of level `SOL_SOCKET` to a number; 1 stands for true. Errors are ignored.
  package static func set(_ option: Int32, to value: Int32, of descriptor: Int32) {
    var value = value
    setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Makes a socket and hands it to `body` with the address of a port.
  /// - Returns: the socket, and the port as `body` leaves it in the address.
  private static func open(
    _ call: String,
    port: Int,
    _ prepare: (Int32) -> Void,
    _ body: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Bool
  ) throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    prepare(descriptor)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let succeeded = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard succeeded else { throw failure(call, descriptor) }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  private static func failure(_ call: String, _ descriptor: Int32) -> SocketError {
    let error = SocketError(call: call, number: errno)
    close(descriptor)
    return error
  }
}

/// A port of loopback on which nothing listens, reserved for one test: no other socket that asks for any port gets it,
/// while a listener that asks for this one by its number does (`SO_REUSEADDR`). Released with the last reference.
package final class HeldPort: Sendable {
  package let number: Int
  private let descriptor: Int32

  /// Reserves a free port.
  /// - Throws: ``SocketError``.
  package init() throws {
    (descriptor, number) = try Loopback.bind { Loopback.set(SO_REUSEADDR, to: 1, of: $0) }
  }

  deinit {
    close(descriptor)
  }
}
