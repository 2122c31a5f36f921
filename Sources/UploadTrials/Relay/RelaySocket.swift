import Glibc
import UploadClient
import UploadCore

/// A TCP socket that never blocks, closed when the last reference is released. For one thread.
final class RelaySocket {
  /// What a read or a write has done.
  enum Transfer: Equatable {
    /// This many bytes were moved, at least one.
    case bytes(Int)
    /// Nothing can be moved now.
    case wait
    /// The peer sends nothing more.
    case end
    case failed
  }

  let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Listens on a free port of 127.0.0.1.
  /// - Throws: the error of the system call.
  static func listening() throws(SystemCallError) -> (socket: RelaySocket, port: Int) {
    let socket = try new(AF_INET)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket.descriptor, $0, length) == 0 && listen(socket.descriptor, 64) == 0
          && getsockname(socket.descriptor, $0, &length) == 0
      }
    }
    guard isListening else { throw SystemCallError("listen", errno) }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// Begins to connect to a server; the first read or write that fails shows that it cannot be reached.
  /// - Throws: the error of the system call.
  static func connecting(to address: RelayAddress) throws(SystemCallError) -> RelaySocket {
    let socket = try new(address.family)
    let result = address.withPointer { connect(socket.descriptor, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else { throw SystemCallError("connect", errno) }
    return socket
  }

  private static func new(_ family: Int32) throws(SystemCallError) -> RelaySocket {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { throw SystemCallError("socket", errno) }
    return RelaySocket(descriptor: descriptor)
  }

  /// The next connection of a listening socket.
  /// - Returns: nil when there is none, or when it cannot be accepted.
  func accepted() -> RelaySocket? {
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
    return RelaySocket(descriptor: connection)
  }

  /// Reads into the beginning of `buffer`.
  /// - Parameter isPeeking: whether the bytes are to be read again.
  func read(into buffer: UnsafeMutableRawBufferPointer, isPeeking: Bool = false) -> Transfer {
    let count = recv(descriptor, buffer.baseAddress, buffer.count, isPeeking ? Int32(MSG_PEEK) : 0)
    return count == 0 ? .end : transfer(count)
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    transfer(send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
  }

  private func transfer(_ count: Int) -> Transfer {
    if count >= 0 { return .bytes(count) }
    return errno == EAGAIN || errno == EINTR ? .wait : .failed
  }

  /// Sends FIN; the peer may still send.
  func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Makes the close that follows a reset.
  func resetOnClose() {
    var value = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }
}

/// The address of a server, for sockets.
struct RelayAddress: Sendable {
  let family: Int32
  private let bytes: [UInt8]

  /// Looks up the host of a URL. Blocks for as long as the system takes for that.
  /// - Parameter url: as a server states its own: `http://[::1]:8080`.
  /// - Throws: ``UploadError`` with code `badURL` where it is not a URL, or the host is unknown.
  init(of url: String) throws(UploadError) {
    let target = try SendTarget(url)
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(target.host, String(target.port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard status == 0, let first = found?.pointee, let address = first.ai_addr else {
      throw UploadError(.badURL, "The host of \(PlainText.sanitized(url)) is unknown.")
    }
    family = first.ai_family
    bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen)))
  }

  /// Calls `body` with the address as system calls expect it.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes.prefix($0.count)) }
    return withUnsafePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
    }
  }
}
