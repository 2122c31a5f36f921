import Glibc
import NIOCore

/// Reads a connection's socket past the network layer, straight into memory of the store: the short way, which saves a
/// copy of every byte (measured: see the README's table).
///
/// Used on the connection's event loop only, between the network layer's own reads, so the order of bytes is the
/// socket's. It never waits and never hears of an end: when the socket has nothing, the network layer's next read tells
/// what that means.
struct SocketReader {
  private let descriptor: NIOBSDSocket.Handle

  /// - Returns: nil where the bytes on the socket are not those of the body, or there is no socket.
  init?(_ channel: any Channel) {
    let pipeline = channel.pipeline.syncOperations
    guard let descriptor = try? pipeline.withUnsafeTransportIfAvailable({ (handle: NIOBSDSocket.Handle) in handle })
    else { return nil }
    self.descriptor = descriptor
  }

  /// Reads what is there.
  /// - Returns: how many bytes; 0 when there is none now, or no more.
  func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
    max(0, recv(descriptor, memory.baseAddress, memory.count, CInt(MSG_DONTWAIT)))
  }
}
