import HummingbirdCore
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// Listens for raw uploads (example/docs/http.md, Raw port). Plain TCP has no place for a name, a length or a token.
struct RawListener: Service {
  private let channel: any Channel
  private let quiescing: ServerQuiescingHelper

  /// The bound port, also when any free one was asked for.
  var port: Int { channel.localAddress?.port ?? 0 }

  /// Binds the port.
  /// - Parameters:
  ///   - port: 0 for any free one.
  ///   - maxConnections: the most simultaneous connections; more wait in the kernel's queue.
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
          try ReceiveBuffer(context).apply(to: channel)
          try channel.pipeline.syncOperations.addHandlers([
            DescriptorLimitHandler(), RawUploadHandler(server: context, eventLoop: channel.eventLoop),
          ])
        }
      }
      .bind(host: host, port: port)
      .get()
    return RawListener(channel: channel, quiescing: quiescing)
  }

  /// Runs until graceful shutdown, and then until the last upload is over.
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

  /// Releases the port. Call it when the server cannot start, or has stopped before ``run()``.
  func close() async {
    try? await channel.close()
  }
}
