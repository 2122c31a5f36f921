import Glibc
import UploadTestSupport

/// A loopback port where connecting never ends: its backlog is full, and no connection is accepted.
final class UnresponsiveServer {
  let port: Int
  private let descriptors: [CInt]

  init() throws {
    let listener = try ScriptedServer.listen(receiveBuffer: 0, backlog: 0)
    port = listener.port
    // One more than the backlog holds; the kernel drops further ones.
    descriptors = try [listener.descriptor] + (0..<2).map { _ in try Self.connect(to: listener.port) }
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }

  private static func connect(to port: Int) throws -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    address.sin_port = in_port_t(port).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 || errno == EINPROGRESS else { throw TimeoutError("no connection: errno \(errno)") }
    return descriptor
  }
}
