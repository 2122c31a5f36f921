import Glibc
package import NIOCore
import NIOSSL

extension Channel {
  /// Closes the connection with a reset, and discards what has not been sent.
  ///
  /// After a plain close the kernel would continue to send its buffer, several MiB; a server that does not read would not
  /// even receive the FIN.
  package func abort() {
    guard let socket = self as? any SocketOptionProvider else { return close(promise: nil) }
    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
      // NIOSSL's handler would first send close_notify and wait for the peer's; closing at its place in the pipeline skips
      // that. With TLS inside TLS, the first handler is the outer one.
      guard let encryption = try? self.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self) else {
        return self.close(promise: nil)
      }
      encryption.close(promise: nil)
    }
  }
}
