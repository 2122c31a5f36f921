import NIOCore

/// Closes a connection after its final response as ``LingeringCloseStateMachine`` decides. Loop-bound; the handler that
/// sent the response reports what it reads, and stops this when the connection is gone.
final class LingeringClose {
  private let server: ServerContext
  private let context: ChannelHandlerContext
  /// The client for which this connection counts in ``ServerContext/lingering``; nil when it does not.
  private var countedFor: String?
  private var machine: LingeringCloseStateMachine
  private var timer: Scheduled<Void>?

  /// - Parameters:
  ///   - context: of the handler that sent the response.
  ///   - limits: where they are less than those for a rejected body, which are the default.
  init(
    _ remainder: LingeringCloseStateMachine.Remainder,
    of client: ClientAddress,
    limits: LingeringCloseStateMachine.Limits? = nil,
    server: ServerContext,
    context: ChannelHandlerContext
  ) {
    self.server = server
    self.context = context
    let isFull = limits == nil && remainder != .nothing && server.lingering.begin(client.key)
    if isFull { countedFor = client.key }
    machine = LingeringCloseStateMachine(
      remainder,
      limits: limits ?? (isFull ? .full : .brief),
      at: context.eventLoop.now
    )
  }

  deinit {
    stop()
  }

  /// Bytes were read and discarded.
  func received(_ count: Int) {
    machine.received(count, at: context.eventLoop.now)
    if machine.isOverLimit(at: context.eventLoop.now) { close() }
  }

  /// The body is complete.
  func end() {
    machine.end(at: context.eventLoop.now)
    stopCounting()
    proceed()
  }

  /// Does what is due, and sets the timer for what follows.
  func proceed() {
    timer?.cancel()
    switch machine.action(at: context.eventLoop.now) {
    case .close: close()
    case .halfClose:
      context.close(mode: .output, promise: nil)
      proceed()
    case .wait(let deadline):
      timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.proceed() }
    }
  }

  /// The connection is gone.
  func stop() {
    timer?.cancel()
    timer = nil
    stopCounting()
  }

  private func close() {
    stop()
    context.close(promise: nil)
  }

  private func stopCounting() {
    guard let client = countedFor else { return }
    countedFor = nil
    server.lingering.end(client)
  }
}
