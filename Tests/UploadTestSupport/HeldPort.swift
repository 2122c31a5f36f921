import Glibc

/// A port of loopback on which nobody listens, kept for one test: no other socket that asks for any port gets it, while
/// a listener that asks for this one by its number does (`SO_REUSEADDR`).
package final class HeldPort: Sendable {
  package let number: Int
  private let descriptor: CInt

  package init() throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var yes: CInt = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    number = Int(in_port_t(bigEndian: address.sin_port))
    guard isBound else { throw TimeoutError("no loopback port: errno \(errno)") }
  }

  deinit {
    close(descriptor)
  }
}
