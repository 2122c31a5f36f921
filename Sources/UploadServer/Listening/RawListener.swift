import HummingbirdCore
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// The service that listens for raw uploads on a TCP port of its own: the bytes of each connection are one file
/// (example/docs/http.md, Raw port). Plain TCP has no place for a name, a length or a token.
struct RawListener: Service {
  private let channel: any Channel
  private let quiescing: ServerQuiescingHelper

  /// The bound port; where 0 was asked for, the one that the system chose.
  var port: Int { channel.localAddress?.port ?? 0 }

  /// Binds the port; connections are accepted from then on.
  /// - Parameters:
  ///   - host: the address or name to listen on.
  ///   - port: 0 for any free one.
  ///   - maxConnections: the most simultaneous connections; more wait in the kernel's queue.
  ///   - context: shared by all connections of the server.
  /// - Throws: an error of SwiftNIO when the port cannot be bound.
  static func bind(
    host: String,
    port: Int,
    maxConnections: Int,
    context: ServerContext,
    eventLoopGroup: any EventLoopGroup
  ) async throws -> RawListener {
    let quiescing = ServerQuiescingHelper(group: eventLoopGroup)
    let channel = try await ServerBootstrap(group: eventLoopGroup)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
          try pipeline.addHandler(AvailableConnectionsChannelHandler(maxConnections: maxConnections))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let buffer = ReceiveBuffer(context)
          try buffer.apply(to: channel)
          try channel.pipeline.syncOperations.addHandlers([
            DescriptorLimitHandler(), RawUploadHandler(server: context, eventLoop: channel.eventLoop, buffer: buffer),
          ])
        }
      }
      .bind(host: host, port: port)
      .get()
    return RawListener(channel: channel, quiescing: quiescing)
  }

  /// Waits until graceful shutdown has begun and the last connection is closed.
  /// - Throws: `CancellationError` when its task is cancelled.
  func run() async throws {
    let stopped = channel.eventLoop.makePromise(of: Void.self)
    try await withTaskCancellationHandler {
      try await withGracefulShutdownHandler {
        try await stopped.futureResult.get()
      } onGracefulShutdown: {
        quiescing.initiateShutdown(promise: stopped)
      }
    } onCancel: {
      quiescing.initiateShutdown(promise: nil)
      stopped.fail(CancellationError())
    }
  }

  /// Releases the port, if ``run()`` has not. Call it when the server cannot start, or has stopped before ``run()``.
  func close() async {
    try? await channel.close()
  }
}
