import Glibc
package import NIOCore
package import NIOHTTP1
import Synchronization

/// Connections that have served a request and wait for the next one, at most so many for each origin.
///
/// Usable from any thread. A connection leaves the pool when it is taken, when the server closes it or sends anything, and
/// after ``idleTime(after:atMost:)``. Those that are left are closed with the pool.
package final class ConnectionPool: Sendable {
  private let limit: Int
  private let idle = Mutex<[HTTPOrigin: [any Channel]]>([:])

  /// - Parameter limit: the most idle connections for each origin; by default as many as there may be uploads at once by
  ///   default.
  package init(limit: Int = 16) { self.limit = limit }

  deinit {
    for channel in idle.withLock({ $0.values.joined() }) { channel.close(promise: nil) }
  }

  /// How long to keep a connection after a response with `headers`: a second less than its `Keep-Alive` field states, at most
  /// `longest`; nil not to keep it at all.
  package static func idleTime(after headers: HTTPHeaders, atMost longest: TimeAmount) -> TimeAmount? {
    let stated = headers[canonicalForm: "keep-alive"].lazy
      .compactMap { item -> Int64? in
        let parts = item.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "timeout" else { return nil }
        return Int64(parts[1])
      }.first
    guard let stated else { return longest }
    return stated > 1 ? min(.seconds(min(stated - 1, 86_400)), longest) : nil
  }

  /// How many connections to `origin` are idle.
  package func count(_ origin: HTTPOrigin) -> Int { idle.withLock { $0[origin]?.count ?? 0 } }

  /// Removes the connection to `origin` that was used last; nil without one. Pass it to ``claim(_:)`` before it is used.
  package func take(_ origin: HTTPOrigin) -> (any Channel)? { idle.withLock { $0[origin]?.popLast() } }

  /// Makes a connection from ``take(_:)`` ready for a request. Call it on the connection's event loop.
  /// - Returns: whether it can be used: false for one that the server has closed in the meantime.
  package static func claim(_ channel: any Channel) -> Bool {
    let pipeline = channel.pipeline.syncOperations
    guard let handler = try? pipeline.handler(type: IdleConnectionHandler.self) else { return false }
    guard handler.claim(), channel.isActive, !isClosedByPeer(channel) else {
      channel.close(promise: nil)
      return false
    }
    pipeline.removeHandler(handler, promise: nil)
    return true
  }

  /// Adds an open connection that has served its request, for as long as the response allows (``idleTime(after:atMost:)``), or
  /// closes it. Call it on the connection's event loop.
  package func keep(
    _ channel: any Channel,
    to origin: HTTPOrigin,
    after headers: HTTPHeaders,
    atMost longest: TimeAmount
  ) {
    guard let time = Self.idleTime(after: headers, atMost: longest) else { return channel.close(promise: nil) }
    keep(channel, to: origin, for: time)
  }

  /// Adds an open connection that serves no request, or closes it where there are enough.
  private func keep(_ channel: any Channel, to origin: HTTPOrigin, for time: TimeAmount) {
    do {
      guard channel.isActive, count(origin) < limit else { return channel.close(promise: nil) }
      let handler = IdleConnectionHandler { [weak self] in self?.remove(channel, origin) }
      try channel.pipeline.syncOperations.addHandler(handler)
      handler.start(time, on: channel)
      idle.withLock { $0[origin, default: []].append(channel) }
    } catch {
      channel.close(promise: nil)
    }
  }

  private func remove(_ channel: any Channel, _ origin: HTTPOrigin) {
    idle.withLock { idle in
      idle[origin]?.removeAll { $0 === channel }
      if idle[origin]?.isEmpty == true { idle[origin] = nil }
    }
  }

  /// Whether the kernel has received the end of the connection, although the event loop has not read it yet.
  private static func isClosedByPeer(_ channel: any Channel) -> Bool {
    // TCP_ESTABLISHED, which Glibc's module hides.
    let established: UInt8 = 1
    guard let socket = channel as? any SocketOptionProvider else { return false }
    var state: UInt8?
    socket.getTCPInfo().assumeIsolated().whenSuccess { state = $0.tcpi_state }
    return state.map { $0 != established } ?? false
  }
}

/// Watches one idle connection: closes it when its time is over and when the server sends anything, such as 408 (RFC 9110
/// section 15.5.9), since no request is outstanding.
private final class IdleConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart

  private enum State {
    /// In the pool; next: claimed, ended.
    case idle
    /// About to serve a request. Last.
    case claimed
    /// Closed, or about to be. Last.
    case ended
  }

  private var state = State.idle
  private var timer: Scheduled<Void>?
  private let onEnd: () -> Void

  /// - Parameter onEnd: called at most once, on the event loop, when the connection ends before it is claimed.
  init(onEnd: @escaping () -> Void) { self.onEnd = onEnd }

  /// Ends the connection after `time`, unless it is claimed before.
  func start(_ time: TimeAmount, on channel: any Channel) {
    timer = channel.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      // In the pool it can be taken at any moment, and then it is not closed: the claim comes after this.
      end(channel)
    }
  }

  /// - Returns: whether the connection had not ended.
  func claim() -> Bool {
    switch state {
    case .idle:
      state = .claimed
      timer?.cancel()
      return true
    case .claimed, .ended: return false
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { end(context.channel) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context.channel) }

  func channelInactive(context: ChannelHandlerContext) {
    end(context.channel)
    context.fireChannelInactive()
  }

  /// Those of the exchange before, such as a late cancellation.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {}

  private func end(_ channel: any Channel) {
    guard case .idle = state else { return }
    state = .ended
    timer?.cancel()
    onEnd()
    channel.close(promise: nil)
  }
}
