import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension Channel {
  /// Ends the connection with a reset, and forgets what has not been sent.
  ///
  /// A plain close would have the kernel go on sending what it holds, several MiB of it; to a server that does not read, it
  /// would not even get as far as to say that nothing more will come.
  func abort() {
    guard let socket = self as? any SocketOptionProvider else { return close(promise: nil) }
    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
      // A handler that encrypts would first say goodbye and wait for an answer.
      guard let encryption = try? self.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self) else {
        return self.close(promise: nil)
      }
      encryption.close(promise: nil)
    }
  }
}
