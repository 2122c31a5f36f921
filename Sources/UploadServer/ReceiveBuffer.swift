import NIOCore

/// How a connection reads from its socket.
enum ReceiveBuffer {
  /// Sets a channel up: one read a turn, into a buffer that grows from 16 KiB to 1 MiB only while reads fill it, so
  /// that a fast sender costs few system calls and a slow one little memory.
  static func apply(to channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(.maxMessagesPerRead, value: 1)
    try options.setOption(
      .recvAllocator,
      value: AdaptiveRecvByteBufferAllocator(minimum: 16 * 1024, initial: 64 * 1024, maximum: 1024 * 1024)
    )
    // When the sender has closed, the network layer reads all that the kernel still holds, whatever was asked for:
    // without a bound on the window that can be tens of megabytes.
    try options.setOption(.tcpOption(.init(rawValue: TCPOption.windowClamp)), value: 4 * 1024 * 1024)
  }
}

private enum TCPOption {
  /// TCP_WINDOW_CLAMP of linux/tcp.h.
  static let windowClamp: CInt = 10
}
