import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import ServiceLifecycle
import Synchronization

/// The open connections of a server. The task in which Hummingbird serves one, its handlers and its stream of requests begin
/// with the first request for Hummingbird: most connections that upload have none, and would only retain that memory
/// (measured: 12 KiB each, of which the task has 2.5). Usable from any thread.
final class PageConnections: Sendable {
  typealias Pages = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
  /// Serves the requests of a connection until it is closed.
  typealias Serve = @Sendable (Pages) async -> Void

  private enum Connection {
    /// There was no request for Hummingbird.
    case waiting(any Channel)
    case served(any Channel, by: Task<Void, Never>)

    /// Ends it: without more input Hummingbird's stream of requests ends, and ``PageHandler`` closes the connection.
    func cancel() {
      switch self {
      case .waiting(let channel): channel.close(mode: .input, promise: nil)
      case .served(let channel, let task):
        task.cancel()
        channel.close(mode: .input, promise: nil)
      }
    }
  }

  private struct State {
    var open: [ObjectIdentifier: Connection] = [:]
    var isCancelled = false
    /// Resumed when no connection is open any more; nil while no task waits.
    var whenEmpty: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  // MARK: The server

  /// Runs a server whose connections are here, and returns when the last one is closed. When its task is cancelled all
  /// connections are ended.
  /// - Throws: what the server throws.
  func run(_ server: any Service) async throws {
    try await withTaskCancellationHandler {
      let result: Result<Void, any Error>
      do {
        result = .success(try await server.run())
      } catch {
        result = .failure(error)
      }
      await waitForEnds()
      try result.get()
    } onCancel: {
      cancelAll()
    }
  }

  private func waitForEnds() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.open.isEmpty { state.whenEmpty = continuation }
        return state.open.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  private func cancelAll() {
    let open = state.withLock { state in
      state.isCancelled = true
      return Array(state.open.values)
    }
    for connection in open { connection.cancel() }
  }

  // MARK: Connections

  /// Adds a ``PageHandler`` at the end of a connection's pipeline. Call it on the event loop.
  /// - Throws: an error of the pipeline, as when the channel is closed already.
  func add(_ channel: any Channel, logger: Logger, serve: @escaping Serve) throws {
    let connection = Connection.waiting(channel)
    let isCancelled = state.withLock { state in
      state.open[ObjectIdentifier(channel)] = connection
      return state.isCancelled
    }
    do {
      try channel.pipeline.syncOperations.addHandler(PageHandler(self, logger: logger, serve: serve))
    } catch {
      remove(channel)
      throw error
    }
    // Only now does a handler notice it.
    if isCancelled { connection.cancel() }
  }

  /// Serves the requests of a connection in a task of its own.
  fileprivate func begin(_ pages: Pages, serve: @escaping Serve) {
    let connection = state.withLock { state in
      // Under the lock, so that its end is noted after its beginning.
      let task = Task {
        await serve(pages)
        remove(pages.channel)
      }
      let connection = Connection.served(pages.channel, by: task)
      state.open[ObjectIdentifier(pages.channel)] = connection
      return state.isCancelled ? connection : nil
    }
    connection?.cancel()
  }

  /// A connection is closed, or about to be.
  fileprivate func remove(_ channel: any Channel) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.open[ObjectIdentifier(channel)] = nil
      guard state.open.isEmpty else { return nil }
      defer { state.whenEmpty = nil }
      return state.whenEmpty
    }
    waiting?.resume()
  }
}

/// Stands for Hummingbird's handlers until the first request that Hummingbird has to serve, and closes the connection
/// where they would, because no request is in progress: when the server stops, and when the client sends no more.
final class PageHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private enum State {
    case waiting
    /// Hummingbird's handlers are there, or the connection has ended.
    case over
  }

  private let connections: PageConnections
  private let logger: Logger
  private let serve: PageConnections.Serve
  private var state = State.waiting

  fileprivate init(_ connections: PageConnections, logger: Logger, serve: @escaping PageConnections.Serve) {
    (self.connections, self.logger, self.serve) = (connections, logger, serve)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state == .waiting else { return context.fireChannelRead(data) }
    state = .over
    do {
      try connections.begin(pages(context.channel), serve: serve)
    } catch {
      connections.remove(context.channel)
      return context.close(promise: nil)
    }
    context.fireChannelRead(data)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  /// Adds Hummingbird's handlers at the end of the pipeline.
  private func pages(_ channel: any Channel) throws -> PageConnections.Pages {
    try channel.pipeline.syncOperations.addHandler(HTTPConnectionStateHandler(logger: logger))
    return try PageConnections.Pages(
      wrappingChannelSynchronously: channel,
      configuration: .init(isOutboundHalfClosureEnabled: true)
    )
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard state == .waiting else { return context.fireUserInboundEventTriggered(event) }
    switch event {
    case is ChannelShouldQuiesceEvent: context.close(promise: nil)
    case let event as ChannelEvent where event == .inputClosed: context.close(promise: nil)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    guard state == .waiting else { return }
    state = .over
    connections.remove(context.channel)
  }
}
