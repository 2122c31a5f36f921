import Glibc

/// One connection of a client through a relay, and the one to the server that belongs to it. Both are closed when the
/// last reference is released. For one thread.
final class RelayConnection {
  /// How long both sides have to close a connection that was interrupted with FIN.
  private static let patience = Duration.seconds(2)

  private let client, server: RelaySocket
  private var upward = RelayPipe(capacity: 256 << 10)
  private var downward = RelayPipe(capacity: 16 << 10)
  private var state = State.open

  private enum State {
    case open
    /// It was interrupted: bytes that arrive are discarded until both sides have closed it, or until this time.
    case draining(until: ContinuousClock.Instant)
    case closed
  }

  init(client: RelaySocket, server: RelaySocket) {
    self.client = client
    self.server = server
  }

  /// Whether it is to be retained.
  var isOpen: Bool { if case .closed = state { false } else { true } }

  /// Whether it closes at a certain time, so that ``advance(_:)`` is to be called now and then.
  var hasDeadline: Bool { if case .draining = state { true } else { false } }

  /// The events to wait for, of the client's socket and of the server's. The descriptor is -1 where there are none: poll(2)
  /// reports errors otherwise.
  var awaited: [pollfd] {
    [
      event(client, isReading: upward.canRead, isWriting: downward.hasBytes),
      event(server, isReading: downward.canRead, isWriting: upward.hasBytes),
    ]
  }

  private func event(_ socket: RelaySocket, isReading: Bool, isWriting: Bool) -> pollfd {
    let events = (isReading ? Int16(POLLIN) : 0) | (isWriting ? Int16(POLLOUT) : 0)
    return pollfd(fd: events == 0 ? -1 : socket.descriptor, events: events, revents: 0)
  }

  /// Forwards what can be forwarded without waiting, and cuts the connection where the plan says so.
  func advance(_ tally: CutTally) {
    switch state {
    case .open: forward(tally)
    case .draining(let deadline): drain(until: deadline)
    case .closed: break
    }
  }

  private func forward(_ tally: CutTally) {
    // The next byte would exceed the plan, so the cut is before it. Bytes that were read earlier are written first.
    if tally.room == 0, upward.canRead, case .bytes = upward.peek(client) {
      cut(tally.cut())
      return
    }
    var isBroken = upward.move(from: client, to: server, atMost: tally.room, onRead: tally.forward)
    if !isBroken { isBroken = downward.move(from: server, to: client, atMost: nil, onRead: { _ in }) }
    if isBroken {
      abort()
    } else if upward.isDone, downward.isDone {
      state = .closed
    }
  }

  private func cut(_ manner: CutPlan.Manner) {
    switch manner {
    case .reset: abort()
    case .finish:
      client.endWriting()
      server.endWriting()
      upward.clear()
      downward.clear()
      state = .draining(until: .now + Self.patience)
    }
  }

  private func drain(until deadline: ContinuousClock.Instant) {
    upward.discard(from: client)
    downward.discard(from: server)
    if upward.hasEnded && downward.hasEnded || ContinuousClock.now >= deadline { abort() }
  }

  private func abort() {
    client.resetOnClose()
    server.resetOnClose()
    state = .closed
  }
}

/// One direction of a ``RelayConnection``: a buffer that is filled when it is empty.
struct RelayPipe: ~Copyable {
  private let buffer: UnsafeMutableRawBufferPointer
  private var range = 0..<0
  /// Whether its source sends nothing more, or has failed.
  private(set) var hasEnded = false
  /// Whether the end was forwarded as well.
  private(set) var isDone = false

  init(capacity: Int) { buffer = .allocate(byteCount: capacity, alignment: 16) }

  deinit { buffer.deallocate() }

  /// Whether there are bytes to write.
  var hasBytes: Bool { !range.isEmpty }

  /// Whether the next bytes can be read: the buffer is empty, and the source has not ended.
  var canRead: Bool { range.isEmpty && !hasEnded }

  /// Whether bytes have arrived from `source`, which are not taken. Call it only while ``canRead``.
  func peek(_ source: RelaySocket) -> RelaySocket.Transfer {
    source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<1]), isPeeking: true)
  }

  /// Reads once and writes once, as far as that is possible without waiting; forwards the end of the source.
  /// - Parameters:
  ///   - limit: the most bytes to read, at 0 none; nil for as many as there are.
  ///   - onRead: called with the number of bytes that were read.
  /// - Returns: whether the connection is broken.
  mutating func move(
    from source: RelaySocket,
    to target: RelaySocket,
    atMost limit: UInt64?,
    onRead: (Int) -> Void
  ) -> Bool {
    let room = min(buffer.count, Int(clamping: limit ?? .max))
    // With a limit of 0 the end is looked for all the same.
    if canRead {
      let place = UnsafeMutableRawBufferPointer(rebasing: buffer[..<max(1, room)])
      switch source.read(into: place, isPeeking: room == 0) {
      case .bytes(let count) where room > 0:
        range = 0..<count
        onRead(count)
      case .bytes, .wait: break
      case .end: hasEnded = true
      case .failed: return true
      }
    }
    if hasBytes {
      switch target.write(UnsafeRawBufferPointer(rebasing: buffer[range])) {
      case .bytes(let count): range = range.lowerBound + count..<range.upperBound
      case .wait: break
      case .end, .failed: return true
      }
    }
    if hasEnded, !hasBytes, !isDone {
      target.endWriting()
      isDone = true
    }
    return false
  }

  /// Discards the bytes that were read, but not yet written.
  mutating func clear() { range = 0..<0 }

  /// Reads and discards bytes that have arrived, once.
  mutating func discard(from source: RelaySocket) {
    guard !hasEnded else { return }
    switch source.read(into: buffer) {
    case .bytes, .wait: break
    case .end, .failed: hasEnded = true
    }
  }
}
