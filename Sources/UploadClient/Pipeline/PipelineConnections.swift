import Glibc
import HTTPExchange
import NIOCore
import UploadCore

/// The connections of one ``SmallFileSender``: gives them requests, and opens more while requests wait. Bound to its event
/// loop.
final class PipelineConnections {
  /// How many connections are opened at once at first; to a server that is near, later as many as there are: it needs hardly
  /// more than these. To one that is far away, all that may be needed are opened once that is known.
  private static let firstCount = 4
  /// The most requests in succession for one connection: they are written together, and the others have some, too.
  private static let runLimit = 16
  /// How long no further connection is opened after one could not be, while others work.
  private static let growthPause = TimeAmount.seconds(1)

  /// How the server treats connections.
  var conduct: PipelineConduct

  private unowned let sender: SmallFileSender
  private let loop: any EventLoop
  private var open: [PipelineHandler] = []
  private var connecting = 0
  private var isFinished = false
  private var mayGrowAt = NIODeadline.uptimeNanoseconds(0)
  /// When the rate limit allows the next request.
  private var limitedUntil = NIODeadline.uptimeNanoseconds(0)
  /// Until when ``fill(until:)`` is scheduled to run again.
  private var wakeUp = NIODeadline.uptimeNanoseconds(0)
  /// Decides about further attempts while there is no connection; nil while there is one.
  private var retries: RetryStateMachine?

  init(_ sender: SmallFileSender, _ loop: any EventLoop) {
    let setup = sender.setup
    (self.sender, self.loop) = (sender, loop)
    conduct = PipelineConduct(mayBePipelined: setup.template.mayBePipelined)
  }

  /// Gives requests to the connections with the fewest outstanding, and opens more connections if requests remain.
  /// - Parameter pause: no request is sent before this instant.
  func fill(until pause: NIODeadline) {
    let now = loop.now
    guard sender.next != nil else { return }
    if let instant = [pause, limitedUntil].max(), now < instant { return wake(at: instant) }
    for handler in open { handler.closeIfStale(at: now) }
    var used: [PipelineHandler] = []
    var run: (handler: PipelineHandler, left: Int)?
    while let upload = sender.next {
      if now < limitedUntil {
        upload.meter.phase = .limit
        wake(at: limitedUntil)
        break
      }
      if let current = run, current.left == 0 || !hasRoom(current.handler, for: upload) { run = nil }
      guard let (handler, left) = run ?? nextRun(for: upload) else { break }
      run = (handler, left - 1)
      sender.begin(upload)
      handler.send(upload)
      if !used.contains(where: { $0 === handler }) { used.append(handler) }
      let ownWait = sender.setup.resources.limiter?.take(upload.size, at: now.uptimeNanoseconds) ?? 0
      // That of the tree. A changed one is followed after this file, which is small.
      let wait = max(ownWait, upload.meter.takeOfLimit(upload.size, at: now.uptimeNanoseconds))
      if wait > 0 { limitedUntil = now + .nanoseconds(Int64(clamping: wait)) }
    }
    for handler in used { handler.flush() }
    grow(now)
  }

  private func hasRoom(_ handler: PipelineHandler, for upload: SmallUpload) -> Bool {
    handler.hasRoom(for: upload, depth: conduct.depth, isKept: conduct.keepsAll)
  }

  /// The connection with the fewest requests outstanding that has room, and how many requests in succession it gets; nil
  /// without one.
  private func nextRun(for upload: SmallUpload) -> (PipelineHandler, left: Int)? {
    var best: PipelineHandler?
    for handler in open where handler.count < best?.count ?? .max && hasRoom(handler, for: upload) { best = handler }
    return best.map { ($0, max(1, min(Self.runLimit, sender.readyCount / open.count))) }
  }

  /// A connection has ended.
  func ended(_ handler: PipelineHandler, _ end: PipelineStateMachine.End) {
    open.removeAll { $0 === handler }
    conduct.ended(end)
  }

  /// Ends all connections, with the uploads that wait for a response.
  func cancel() { for handler in open { handler.cancel() } }

  /// Closes the connections, also those that are about to open: every upload has ended, and no request follows. A request that
  /// is still outstanding is one of a cancelled upload.
  func finish() {
    isFinished = true
    cancel()
  }

  private func wake(at instant: NIODeadline) {
    guard wakeUp <= loop.now || instant < wakeUp else { return }
    wakeUp = instant
    sender.schedulePump(at: instant)
  }

  // MARK: Opening

  private func grow(_ now: NIODeadline) {
    guard sender.readyCount > connecting, now >= limitedUntil else { return }
    guard now >= mayGrowAt else { return wake(at: mayGrowAt) }
    let limit = sender.setup.connectionLimit
    // Those without a response show nothing yet; a server that closes them all needs more of them.
    let proven = open.count { $0.isProven }
    let unproven = connecting + open.count - proven
    let allowed = conduct.keepsNone || conduct.isFar ? limit : max(Self.firstCount, proven)
    let count = min(sender.readyCount - connecting, allowed - unproven, limit - open.count - connecting)
    for _ in 0..<max(0, count) { connect() }
  }

  private func connect() {
    connecting += 1
    // Retained until then: nothing else does, once all uploads have ended.
    let (sender, start) = (sender, loop.now)
    sender.setup.connector.connect(on: loop).assumeIsolated().whenComplete { [self] opened in
      withExtendedLifetime(sender) {
        connecting -= 1
        switch opened {
        case .success(let channel):
          conduct.opened(in: loop.now - start)
          add(channel)
        case .failure(let error): cannotConnect(FailedAttempt(unusable: error))
        }
      }
    }
  }

  private func add(_ channel: any Channel) {
    let configuration = sender.setup.resources.configuration
    var limits = PipelineStateMachine.Limits(
      idleTimeout: TimeAmount(configuration.idleTimeout),
      responseTimeout: TimeAmount(configuration.responseTimeout),
      longestIdleTime: TimeAmount(configuration.longestIdleTime)
    )
    limits.total = conduct.total
    let handler = PipelineHandler(sender, limits)
    do {
      try channel.pipeline.syncOperations.addHandler(handler)
    } catch {
      channel.close(promise: nil)
      return cannotConnect(FailedAttempt(unusable: error))
    }
    retries = nil
    guard !isFinished, !sender.isStopped else { return handler.finish() }
    open.append(handler)
    sender.schedulePump()
  }

  private func cannotConnect(_ failed: FailedAttempt) {
    mayGrowAt = loop.now + Self.growthPause
    // Those that are open, or may still open, are enough.
    guard open.isEmpty, connecting == 0 else { return }
    let now = ContinuousClock.now
    var machine =
      retries ?? RetryStateMachine(sender.setup.resources.configuration.retry, isRepeatable: true, start: now)
    var random = SystemRandomNumberGenerator()
    let action = machine.failed(failed, sent: 0, at: now, timeOfDay: Int64(time(nil)), using: &random)
    retries = machine
    switch action {
    case .giveUp(let reason):
      let error = failed.error.adding(reason.note(attempts: machine.failures))
      sender.cannotConnect(error)
    case .pause(let duration):
      mayGrowAt = loop.now + TimeAmount(duration)
      sender.waitToConnect(because: failed.error, attempt: machine.failures + 1, until: now + duration)
    }
    sender.schedulePump()
  }
}
