import HTTPExchange
import NIOCore
import NIOSSL
import UploadCore

/// Performs the actions of ``PipelineStateMachine`` on one connection, and gives the results to its ``SmallFileSender``.
/// Bound to its event loop.
final class PipelineHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let sender: SmallFileSender
  private var machine: PipelineStateMachine
  /// The uploads whose requests are outstanding, the oldest first.
  private var uploads = CircularBuffer<SmallUpload>()
  /// Requests that follow each other in memory and are not written yet, and how many they are.
  private var unwritten: (slice: RequestSlice, count: Int)?
  private var context: ChannelHandlerContext?
  private var timer = DeadlineTimer()

  init(_ sender: SmallFileSender, _ limits: PipelineStateMachine.Limits) {
    self.sender = sender
    machine = PipelineStateMachine(limits)
  }

  // MARK: For the sender

  /// How many requests are outstanding.
  var count: Int { uploads.count }

  /// Whether the server has kept the connection after a response.
  var isProven: Bool { machine.isProven }

  /// - Parameters:
  ///   - depth: the most requests outstanding.
  ///   - isKept: see ``PipelineStateMachine/hasRoom(for:depth:isKept:)``.
  func hasRoom(for upload: SmallUpload, depth: Int, isKept: Bool) -> Bool {
    context != nil && machine.hasRoom(for: upload.request.count, depth: depth, isKept: isKept)
  }

  /// Sends a request, for which there must be room. Call ``flush()`` behind the last one.
  func send(_ upload: SmallUpload) {
    guard let context else { return }
    let request = upload.request
    machine.sent(bytes: request.count, at: context.eventLoop.now)
    uploads.append(upload)
    upload.meter.phase = .peer
    upload.meter.setNetworkBytes(request.count)
    if var (slice, count) = unwritten, slice.append(request) {
      count += 1
      unwritten = (slice, count)
    } else {
      write(context)
      unwritten = (request, 1)
    }
  }

  private func write(_ context: ChannelHandlerContext) {
    guard let (slice, count) = unwritten else { return }
    unwritten = nil
    let loop = context.eventLoop
    let promise = loop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenSuccess { [self] in wrote(count, at: loop.now) }
    context.write(NIOAny(slice.bytes), promise: promise)
  }

  func flush() {
    guard let context else { return }
    write(context)
    context.flush()
    scheduleTimer(context)
  }

  /// Closes the connection, and ends the uploads that wait for a response, if there are any.
  func cancel() {
    guard let context else { return }
    perform(machine.cancelled(), context)
  }

  /// Closes the connection if no request has been outstanding for too long.
  func closeIfStale(at now: NIODeadline) {
    if machine.isStale(at: now) { finish() }
  }

  /// Closes the connection if no request is outstanding.
  func finish() {
    guard let context else { return }
    perform(machine.finished(), context)
  }

  // MARK: Events of the channel

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The end of a TLS connection without close_notify is reported as an error, then as the end.
    if case NIOSSLError.uncleanShutdown = error { return }
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    machine.received(Self.unwrapInboundIn(data), at: context.eventLoop.now)
    performActions(context)
    scheduleTimer(context)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Once for all connections that have received something now.
    sender.schedulePump()
    context.fireChannelReadComplete()
  }

  // MARK: Actions

  private func performActions(_ context: ChannelHandlerContext) {
    while true {
      let action = machine.nextAction(at: context.eventLoop.now)
      if action == .none { break }
      perform(action, context)
    }
    if machine.isUsedUp { perform(machine.finished(), context) }
  }

  private func perform(_ action: PipelineStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .respond(let response): sender.responded(uploads.removeFirst(), response, staysOpen: true)
    case .end(let end):
      timer.cancel()
      let ended = zip(Array(uploads), end.fates)
      uploads.removeAll()
      unwritten = nil
      if end.resets { context.channel.abort() } else { context.close(promise: nil) }
      sender.ended(self, Array(ended), end)
    }
  }

  /// The socket has accepted the whole of the next requests.
  private func wrote(_ count: Int, at now: NIODeadline) {
    for _ in 0..<count {
      guard let index = machine.wrote(at: now) else { continue }
      let upload = uploads[offset: index]
      if upload.sendsFile { upload.meter.addReceived(upload.size) }
      upload.meter.phase = .response
    }
    if let context { performActions(context) }
  }

  private func scheduleTimer(_ context: ChannelHandlerContext) {
    guard let deadline = machine.deadline, timer.isLate(for: deadline) else { return }
    timer.set(to: deadline, on: context.eventLoop) { [self] in
      timer = DeadlineTimer()
      perform(machine.timerFired(at: context.eventLoop.now), context)
      scheduleTimer(context)
    }
  }
}
