import NIOCore

/// Ends connections whose client takes nothing of what it is sent, as silence ends an upload.
///
/// The kernel keeps this time: it alone sees that a client reads a little now and then, long before a full socket is
/// ready for more. A client that goes on reading, however slowly, is never cut off.
enum UnreadTimeout {
  /// TCP_USER_TIMEOUT of tcp(7), in milliseconds.
  private static let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 18))

  static func set(_ time: TimeAmount, on channel: any Channel) throws {
    let milliseconds = max(1, time.nanoseconds / 1_000_000)
    try channel.syncOptions?.setOption(option, value: SocketOptionValue(clamping: milliseconds))
  }
}
