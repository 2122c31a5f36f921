import CLinux
import Glibc
import NIOCore
import NIOPosix

/// Bounds what a response that its client does not read costs: the kernel's memory, and time. Stands next to the socket.
///
/// The kernel's own limit, TCP_USER_TIMEOUT, is no use: it counts from the moment a client's receive window closes, also
/// when the client goes on reading, only too slowly to open it soon.
final class SlowReaderLimits: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// TCP_NOTSENT_LOWAT of linux/tcp.h.
  private static let unsentLimit = ChannelOptions.Types.SocketOption(
    level: .tcp,
    name: NIOBSDSocket.Option(rawValue: 25)
  )
  /// Bytes that a socket takes beyond what the client's window lets it send. Its own limit is megabytes, and a few
  /// thousand of those make the kernel slow all connections down (measured: uploads to 0.3 of their speed).
  private static let mostUnsent: SocketOptionValue = 256 * 1024

  private let idleTimeout: TimeAmount
  private var progress: ResponseProgress?
  private var timer: Scheduled<Void>?

  /// - Parameter idleTimeout: after which a client that reads nothing is disconnected.
  init(idleTimeout: TimeAmount) {
    self.idleTimeout = idleTimeout
  }

  /// Sets a channel's socket up.
  static func apply(to channel: any Channel) throws {
    try channel.syncOptions?.setOption(unsentLimit, value: mostUnsent)
  }

  /// Whether the client has still to acknowledge some of a response, as far as is known.
  var hasUnread: Bool { timer != nil }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    guard timer == nil else { return }
    progress = ResponseProgress(idleTimeout: idleTimeout, at: context.eventLoop.now)
    startTimer(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }

  private var interval: TimeAmount {
    max(.milliseconds(50), min(.seconds(1), .nanoseconds(idleTimeout.nanoseconds / 4)))
  }

  private func startTimer(_ context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.look(context) }
  }

  private func look(_ context: ChannelHandlerContext) {
    timer = nil
    guard let sample = sample(context) else { return }
    switch progress?.note(sample, at: context.eventLoop.now) {
    case .reading: startTimer(context)
    case .stopped: disconnect(context)
    case .delivered, nil: progress = nil
    }
  }

  private func sample(_ context: ChannelHandlerContext) -> ResponseProgress.Sample? {
    var sent = clinux_sent()
    let result = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      clinux_read_sent($0, &sent)
    }
    guard result == 0 else { return nil }
    let isFlushed = context.channel.isWritable && sent.held == 0
    return ResponseProgress.Sample(
      acknowledged: sent.acknowledged,
      window: sent.window,
      hasUnread: !isFlushed
    )
  }

  /// Closes with a reset: a plain close would have the kernel keep what the client does not read.
  private func disconnect(_ context: ChannelHandlerContext) {
    guard let socket = context.channel as? any SocketOptionProvider else { return context.close(promise: nil) }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in bound.value.close(promise: nil) }
  }
}
