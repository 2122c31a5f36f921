import Glibc
import UploadTestSupport

/// A loopback port where connecting never ends: its backlog is full, and no connection is accepted.
final class UnresponsiveServer {
  let port: Int
  private let descriptors: [Int32]

  init() throws {
    let listener = try Loopback.listen(backlog: 0)
    port = listener.port
    // One more than the backlog has room for; the kernel drops further ones.
    let clients = try (0..<2).map { _ in
      try Loopback.connect(to: listener.port) { _ = fcntl($0, F_SETFL, O_NONBLOCK) }
    }
    descriptors = [listener.descriptor] + clients
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }
}
