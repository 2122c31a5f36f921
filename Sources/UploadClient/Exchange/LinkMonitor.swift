import NIOCore
import NIOPosix
import Synchronization
import UploadCore

/// Asks the kernel about the connection of one exchange, and divides what the upload waited for the connection: between
/// the network, the server and this program. Once per second and at the end, never for each chunk; not at all for an
/// exchange of less than 100 ms. Loop-bound.
struct LinkMonitor {
  private static let interval = TimeAmount.seconds(1)
  /// From the beginning of the exchange to the first reading.
  private static let firstInterval = TimeAmount.milliseconds(100)

  /// The first reading of the exchange.
  private struct Begin {
    let link: LinkReading
    /// Seconds that the upload had waited before it.
    let waited: Double
  }

  private let meter: UploadMeter
  private let content: LinkTimes.Content
  /// What time after the last byte counts for.
  private let response: TimeCause
  private let asksFirst: Bool
  private let loads: LoopLoads
  private var begin: Begin?
  private var last = LinkReading()
  private var load: ThreadLoad?
  private var isSent = false
  private var dueAt: NIODeadline
  /// Whether there is nothing to ask: no TCP socket, or a connection that is closed.
  private var isOver = false

  /// Whether the server's system acknowledged nothing at the last reading, although it should have.
  private(set) var isSilent = false

  /// - Parameters:
  ///   - content: what is sent.
  ///   - response: what the time after the last byte counts for.
  ///   - asksFirst: whether the body waits for `100 Continue`.
  ///   - isNew: whether the connection serves its first exchange, so that all its counters begin with it.
  init(
    _ meter: UploadMeter,
    _ content: LinkTimes.Content,
    response: TimeCause,
    isNew: Bool,
    asksFirst: Bool,
    loads: LoopLoads,
    at now: NIODeadline
  ) {
    self.asksFirst = asksFirst
    (self.meter, self.content, self.response, self.loads) = (meter, content, response, loads)
    begin = isNew ? Begin(link: LinkReading(), waited: 0) : nil
    dueAt = now + Self.firstInterval
  }

  /// When to call ``note(isSent:_:)`` at the latest.
  var deadline: NIODeadline? { isOver ? nil : dueAt }

  /// Call it often: it does nothing before the next reading is due.
  /// - Parameter isSent: whether the socket has accepted the whole body.
  mutating func note(isSent: Bool, at now: NIODeadline, _ context: ChannelHandlerContext) {
    if now >= dueAt || isSent && !self.isSent { read(isSent: isSent, at: now, context) }
  }

  /// Call it when the exchange ends, if the connection is not closed yet.
  mutating func end(isSent: Bool, at now: NIODeadline, _ context: ChannelHandlerContext) {
    read(isSent: isSent, at: now, context)
    isOver = true
  }

  private mutating func read(isSent: Bool, at now: NIODeadline, _ context: ChannelHandlerContext) {
    defer { self.isSent = isSent }
    // The end of an exchange that was too short for a first reading.
    guard !isOver, load != nil || now >= dueAt else { return }
    guard let reading = LinkReading(context) else {
      isOver = true
      return
    }
    dueAt = now + Self.interval
    isSilent = reading.isSilent
    let instant = ContinuousClock.now
    guard let begin, var load else {
      load = ThreadLoad(at: instant)
      if asksFirst { meter.noteRoundTrip(reading.leastRoundTrip) }
      if begin == nil {
        begin = Begin(link: reading, waited: meter.peerSeconds(at: instant))
        last = reading
      }
      return
    }
    let busy = load.take(at: instant)
    self.load = load
    // What was waited before the first reading is divided as what follows.
    divide(reading, after: last == begin.link ? begin.waited : 0, busy, context.eventLoop, at: instant)
    meter.note(LinkFacts(reading, since: begin.link, .outgoing))
    last = reading
  }

  private func divide(
    _ reading: LinkReading,
    after before: Double,
    _ busy: Double,
    _ loop: any EventLoop,
    at instant: ContinuousClock.Instant
  ) {
    let load = LinkTimes.Load(busy: busy, uploads: loads.count(on: loop))
    let content = isSent ? LinkTimes.Content.sent(response) : content
    meter.dividePeerTime(at: instant) { seconds in
      LinkTimes.outgoing(max(0, seconds - before), of: content, from: last, to: reading, load: load).scaled(to: seconds)
    }
    meter.divideResponseTime(at: instant) { seconds in
      LinkTimes.outgoing(seconds, of: .sent(.finishing), from: last, to: reading, load: load)
    }
  }
}

extension LinkReading {
  /// What the kernel says of a handler's connection, on its event loop; nil without a TCP socket, and when it is closed.
  init?(_ context: ChannelHandlerContext) {
    let reading = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      LinkReading(descriptor: $0)
    }
    guard let reading = reading.flatMap({ $0 }) else { return nil }
    self = reading
  }
}

/// How many exchanges each event loop serves. Usable from any thread.
final class LoopLoads: Sendable {
  private let counts = Mutex<[ObjectIdentifier: Int]>([:])

  /// Counts an exchange that begins (1) or ends (-1).
  func add(_ change: Int, on loop: any EventLoop) {
    counts.withLock { $0[ObjectIdentifier(loop), default: 0] += change }
  }

  func count(on loop: any EventLoop) -> Int { counts.withLock { $0[ObjectIdentifier(loop)] ?? 0 } }
}
