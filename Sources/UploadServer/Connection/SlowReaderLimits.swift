import CLinux
import Glibc
import NIOCore
import NIOPosix

/// The channel handler next to the socket that limits what an unread response costs: the bytes that the kernel buffers
/// for it, and the time until a client that reads nothing is disconnected with a reset.
///
/// The kernel's own limit, TCP_USER_TIMEOUT, does not help: it counts from the moment a client's receive window closes,
/// even if the client continues to read, only too slowly to open the window soon.
final class SlowReaderLimits: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer

  /// TCP_NOTSENT_LOWAT of linux/tcp.h.
  private static let unsentLimit = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 25))
  /// Bytes that a socket accepts beyond what the client's window lets it send. Its own limit is megabytes, and a few
  /// thousand of those make the kernel slow all connections down (measured: uploads to 0.3 of their speed).
  private static let mostUnsent: SocketOptionValue = 256 * 1024

  private let idleTimeout: TimeAmount
  private var progress: ResponseProgress?
  private var timer: Scheduled<Void>?

  /// - Parameter idleTimeout: a client that reads nothing for this long, and up to 5 minutes more, is disconnected: see
  ///   ``ResponseProgress``.
  init(idleTimeout: TimeAmount) {
    self.idleTimeout = idleTimeout
  }

  /// Limits the unsent bytes in the kernel's buffer of a channel's socket to 256 KiB. Call it on the channel's event
  /// loop.
  /// - Throws: the error of the socket option.
  static func apply(to channel: any Channel) throws {
    try channel.syncOptions?.setOption(unsentLimit, value: mostUnsent)
  }

  /// Whether the client may have yet to acknowledge a part of a response: true after a flush, until one of the checks,
  /// at most a second apart, finds everything acknowledged.
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

  private func startTimer(_ context: ChannelHandlerContext) {
    let quarter = TimeAmount.nanoseconds(idleTimeout.nanoseconds / 4)
    let interval = max(TimeAmount.milliseconds(50), min(TimeAmount.seconds(1), quarter))
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.check(context) }
  }

  private func check(_ context: ChannelHandlerContext) {
    timer = nil
    guard let sample = sample(context) else { return }
    switch progress?.note(sample, at: context.eventLoop.now) {
    case .reading: startTimer(context)
    case .stopped: disconnect(context)
    case .delivered, nil: progress = nil
    }
  }

  private func sample(_ context: ChannelHandlerContext) -> ResponseProgress.Sample? {
    guard let sent = SocketState.sent(context) else { return nil }
    let isFlushed = context.channel.isWritable && sent.held == 0
    return ResponseProgress.Sample(acknowledged: sent.acknowledged, window: sent.window, hasUnread: !isFlushed)
  }

  /// Closes with a reset: after a plain close the kernel would keep the unread bytes.
  private func disconnect(_ context: ChannelHandlerContext) {
    guard let socket = context.channel as? any SocketOptionProvider else { return context.close(promise: nil) }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in bound.value.close(promise: nil) }
  }
}

/// Decides from samples of a connection whether its client still reads a response: a pure state machine. The caller
/// passes the event loop's time.
///
/// Only new acknowledgements and a larger receive window show that. A client's system acknowledges what fits its
/// receive buffer, even if the client itself reads nothing. When the buffer is full, the system announces room again
/// (RFC 9293 section 3.8.6.2.2) only for a whole segment or a part of the buffer: Linux for a sixteenth, and it frees
/// what it received in blocks of up to 64 KiB. Smaller reads of the client are not visible. So a client counts as
/// stopped only after ``idleTimeout`` and the time, at most 5 minutes, that a reader of ``slowestRate`` needs for them.
struct ResponseProgress: Sendable {
  struct Sample: Equatable {
    /// Bytes of responses that the client's system has acknowledged, since the connection began.
    var acknowledged: UInt64
    /// The receive window that the client's system advertised last, in bytes.
    var window: UInt64
    /// Whether bytes of responses have not been acknowledged, or not even been sent.
    var hasUnread: Bool
  }

  enum Status: Equatable {
    /// Everything has been acknowledged: there is nothing to watch until the next response.
    case delivered
    /// The client reads, or may do so unseen.
    case reading
    /// For `idleTimeout`, and up to 5 minutes more that a slow reader may need, nothing has shown that the client
    /// reads: close the connection.
    case stopped
  }

  /// In bytes per second: a client that reads at least this fast does not count as stopped, unless its receive window
  /// exceeds 4.8 MB.
  static let slowestRate: UInt64 = 1000
  /// What Linux may retain as one block until all of it has been read, in bytes.
  private static let block: UInt64 = 64 * 1024
  /// The most bytes that may have been read unseen, 5 minutes' worth of the slowest reader: a window can be a gigabyte.
  private static let mostUnseen = 5 * 60 * slowestRate

  private let idleTimeout: TimeAmount
  private var last: Sample?
  private var largestWindow: UInt64 = 0
  private var progressAt: NIODeadline

  init(idleTimeout: TimeAmount, at now: NIODeadline) {
    self.idleTimeout = idleTimeout
    progressAt = now
  }

  /// Takes the next sample into account. Call it repeatedly, at short intervals, until it returns `delivered` or
  /// `stopped`.
  mutating func note(_ sample: Sample, at now: NIODeadline) -> Status {
    defer { last = sample }
    largestWindow = max(largestWindow, sample.window)
    // A larger window shows that the client has read, too.
    if sample.hasUnread, let last, last.hasUnread, sample.acknowledged == last.acknowledged,
      sample.window <= last.window
    {
      return now - progressAt < idleTimeout + unseenTime(sample) ? .reading : .stopped
    }
    progressAt = now
    return sample.hasUnread ? .reading : .delivered
  }

  /// How long a slow reader may take until the next acknowledgement shows that it reads.
  private func unseenTime(_ sample: Sample) -> TimeAmount {
    // It cannot have buffered more than it was sent.
    let unseen = min(sample.acknowledged, max(Self.block, largestWindow / 16), Self.mostUnseen)
    return .milliseconds(Int64(1000 * unseen / Self.slowestRate))
  }
}
