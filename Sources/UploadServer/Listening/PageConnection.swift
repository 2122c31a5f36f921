import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// A connection for Hummingbird, whose handlers and stream of requests are made with the first request that it has to
/// serve. Most connections that upload have none, and would only retain their memory (measured: 10 KiB).
final class PageConnection: ServerChildChannelValue {
  typealias Pages = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  let channel: any Channel
  private let logger: Logger
  /// Succeeds with the stream of requests, or with nil when the connection has ended without a request for it.
  private let promise: EventLoopPromise<Pages?>

  private init(_ channel: any Channel, logger: Logger) {
    self.channel = channel
    self.logger = logger
    promise = channel.eventLoop.makePromise()
  }

  /// A connection with a ``PageHandler`` at the end of its pipeline. Call it on the event loop.
  /// - Throws: an error of the pipeline, as when the channel is closed already.
  static func add(to channel: any Channel, logger: Logger) throws -> PageConnection {
    let connection = PageConnection(channel, logger: logger)
    do {
      try channel.pipeline.syncOperations.addHandler(PageHandler(connection))
    } catch {
      connection.end()
      throw error
    }
    return connection
  }

  /// Waits for the first request for Hummingbird; returns nil when the connection ends without one. When the task is
  /// cancelled the connection's input is closed.
  func pages() async -> Pages? {
    await withTaskCancellationHandler {
      try? await promise.futureResult.get()
    } onCancel: {
      channel.close(mode: .input, promise: nil)
    }
  }

  /// Adds Hummingbird's handlers at the end of the pipeline. Call it on the event loop, once and not after ``end()``.
  /// - Throws: an error of the pipeline; then the connection has to be closed.
  fileprivate func begin() throws {
    try channel.pipeline.syncOperations.addHandler(HTTPConnectionStateHandler(logger: logger))
    let pages = try Pages(
      wrappingChannelSynchronously: channel,
      configuration: .init(isOutboundHalfClosureEnabled: true)
    )
    promise.succeed(pages)
  }

  /// The connection has ended. Does nothing after ``begin()``.
  fileprivate func end() {
    promise.succeed(nil)
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

  private let connection: PageConnection
  private var state = State.waiting

  fileprivate init(_ connection: PageConnection) {
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state == .waiting else { return context.fireChannelRead(data) }
    state = .over
    do {
      try connection.begin()
    } catch {
      connection.end()
      return context.close(promise: nil)
    }
    context.fireChannelRead(data)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
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
    connection.end()
  }
}
