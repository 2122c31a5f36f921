import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import ServiceLifecycle
import Synchronization
import Testing

@testable import UploadServer

@Suite struct PageConnectionsTests {
  private let connections = PageConnections()
  private let logger = Logger(label: "test")

  private func withConnection(_ body: (EmbeddedChannel) throws -> Void) throws {
    let channel = EmbeddedChannel()
    try connections.add(channel, logger: logger) { _ in }
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    channel.embeddedEventLoop.run()
    #expect(channel.isActive)
    try body(channel)
    channel.embeddedEventLoop.run()
    #expect(!channel.isActive)
  }

  /// A connection whose channel can be used on any thread.
  private func connection(_ serve: @escaping PageConnections.Serve = { _ in }) async throws -> NIOAsyncTestingChannel {
    let channel = NIOAsyncTestingChannel()
    try await channel.testingEventLoop.executeInContext { try connections.add(channel, logger: logger, serve: serve) }
    try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    return channel
  }

  @Test func `a connection without a request for a page is closed when the server stops`() throws {
    try withConnection { $0.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
  }

  @Test func `a connection without a request for a page is closed when the client sends no more`() throws {
    try withConnection { $0.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
  }

  @Test func `a server without connections ends when it has stopped`() async throws {
    try await connections.run(StoppedServer(error: nil))
  }

  @Test func `the error of a server that cannot listen is thrown`() async {
    await #expect(throws: StoppedServer.Failure()) { try await connections.run(StoppedServer(error: .init())) }
  }

  @Test func `a stopped server ends when its last connection is closed`() async throws {
    let (first, second) = (try await connection(), try await connection())
    let hasEnded = Flag()
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask {
        try await connections.run(StoppedServer(error: nil))
        hasEnded.set()
      }
      try await first.close()
      #expect(!hasEnded.isSet)
      try await second.close()
    }
    #expect(hasEnded.isSet)
  }

  @Test func `a connection whose requests are served is open until they are`() async throws {
    let (served, serving) = AsyncStream.makeStream(of: Void.self)
    let channel = try await connection { pages in
      try? await pages.executeThenClose { _, _ in for await _ in served { break } }
    }
    let head = HTTPRequest(method: .get, scheme: "http", authority: "127.0.0.1", path: "/")
    try await channel.writeInbound(HTTPRequestPart.head(head))
    let hasEnded = Flag()
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask {
        try await connections.run(StoppedServer(error: nil))
        hasEnded.set()
      }
      #expect(!hasEnded.isSet)
      serving.yield()
    }
    #expect(hasEnded.isSet)
  }

  @Test func `cancelling the server closes the input of its connections`() async throws {
    let channel = try await connection()
    let events = EventLog()
    try await channel.pipeline.addHandler(events, position: .first)
    let task = Task { try await connections.run(StoppedServer(error: nil)) }
    task.cancel()
    while events.closedModes.withLock({ $0.isEmpty }) {
      await channel.testingEventLoop.run()
      await Task.yield()
    }
    #expect(events.closedModes.withLock { $0 } == [.input])
    try await task.value
  }

  /// After the handler that notices that was added.
  @Test func `the input of a connection that is accepted after the server was cancelled is closed`() async throws {
    let task = Task { try await connections.run(EndlessServer()) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let channel = EmbeddedChannel()
    let events = EventLog()
    try channel.pipeline.syncOperations.addHandler(events)
    try connections.add(channel, logger: logger) { _ in }
    #expect(events.closedModes.withLock { $0 } == [.input])
    #expect(events.hadPageHandler.withLock { $0 } == [true])
  }
}

/// A server that runs until it is cancelled.
private struct EndlessServer: Service {
  func run() async throws { try await Task.sleep(for: .seconds(3600)) }
}

/// A server that has stopped.
private struct StoppedServer: Service {
  struct Failure: Error, Equatable {}

  let error: Failure?

  func run() async throws { if let error { throw error } }
}

private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set() { value.store(true, ordering: .relaxed) }
}

/// Notes which sides of a channel were to be closed.
private final class EventLog: ChannelOutboundHandler, Sendable {
  typealias OutboundIn = Any

  let closedModes = Mutex<[CloseMode]>([])
  /// Whether the pipeline had a `PageHandler` then.
  let hadPageHandler = Mutex<[Bool]>([])

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    let handler = try? context.pipeline.syncOperations.handler(type: PageHandler.self)
    hadPageHandler.withLock { $0.append(handler != nil) }
    closedModes.withLock { $0.append(mode) }
    context.close(mode: mode, promise: promise)
  }
}
