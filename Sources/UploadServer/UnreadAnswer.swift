import NIOCore

/// Bounds what an answer that its client does not read costs: the kernel's memory, and time.
enum UnreadAnswer {
  /// TCP_NOTSENT_LOWAT and TCP_USER_TIMEOUT of linux/tcp.h.
  private static let unsentLimit = ChannelOptions.socketOption(tcp: 25)
  private static let userTimeout = ChannelOptions.socketOption(tcp: 18)

  /// Bytes that a socket takes beyond what the client's window lets it send. Its own limit is megabytes, and a few
  /// thousand of those make the kernel slow all connections down (measured: uploads to 0.3 of their speed).
  private static let mostUnsent: SocketOptionValue = 256 * 1024

  /// - Parameter time: after which the kernel ends a connection whose client takes nothing, as silence ends an upload.
  ///   The kernel alone sees that a client reads a little now and then, long before a full socket is ready for more; one
  ///   that goes on reading, however slowly, is not cut off.
  static func limit(time: TimeAmount, on channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(unsentLimit, value: mostUnsent)
    try options.setOption(userTimeout, value: SocketOptionValue(clamping: max(1, time.nanoseconds / 1_000_000)))
  }
}

extension ChannelOptions {
  fileprivate static func socketOption(tcp name: CInt) -> Types.SocketOption {
    Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: name))
  }
}
