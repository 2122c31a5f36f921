import CLinux
import NIOCore

/// What the kernel knows of a connection's socket.
enum SocketState {
  /// How much of what was written has been acknowledged, and how much is still in the socket's buffer.
  /// - Parameter context: of any handler of the connection, on its event loop.
  /// - Returns: nil when the channel has no TCP socket.
  static func sent(_ context: ChannelHandlerContext) -> clinux_sent? {
    var sent = clinux_sent()
    let result = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      clinux_read_sent($0, &sent)
    }
    return result == 0 ? sent : nil
  }

  /// Whether the client's system has acknowledged all bytes that the socket has accepted; true when that is not known.
  static func isSent(_ context: ChannelHandlerContext) -> Bool { sent(context).map { $0.held == 0 } ?? true }
}
