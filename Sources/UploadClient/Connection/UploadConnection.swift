import NIOCore
import NIOHTTP1
import NIOPosix
import UploadCore

/// Opens a connection of its own for one upload and runs the upload on it.
struct UploadConnection: Sendable {
  let target: SendTarget
  let connectTimeout: Duration
  let eventLoopGroup: any EventLoopGroup

  /// Answers are short: what a stranger may make this process keep of a head is bounded tighter than the library's 2 MiB.
  private static var limits: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 * 1024
    limits.maxHeaderListSize = 64 * 1024
    limits.maxHeaderFieldCount = 128
    return limits
  }

  /// Connects, sends, and returns the server's answer when the connection is closed again.
  /// - Throws: ``UploadError``; when cancelled, whatever the interruption looked like.
  func run(_ job: UploadJob, cancellation: UploadCancellation) async throws(UploadError) -> ExchangeResult {
    let loop = eventLoopGroup.next()
    let result = loop.makePromise(of: ExchangeResult.self)
    // Attempts to connect cannot be called off: one that is given up ends by itself, and finds nobody waiting.
    cancellation.onCancel { result.fail(UploadCancellation.error) }
    // On the loop from the start: a callback added from outside could come a turn late, and what a server that speaks
    // first has said by then would be lost.
    loop.execute {
      connect(on: loop).whenComplete { outcome in
        switch outcome {
        case .success(let channel): Self.start(job, on: channel, result: result, cancellation: cancellation)
        case .failure(let error): result.fail(ConnectFailure.error(error, target: target, timeout: connectTimeout))
        }
      }
    }
    do {
      return try await result.futureResult.get()
    } catch let error as UploadError {
      throw error
    } catch {
      throw UploadError(.internalFailure, "The upload ended in a way it should not.", cause: error)
    }
  }

  private func connect(on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(connectTimeout))
    // An address needs no resolver, whose threads a name server that is down would hold up.
    if let address = try? SocketAddress(ipAddress: target.host, port: target.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: target.host, port: target.port)
  }

  /// Called on the channel's event loop in the turn in which it was connected, so that nothing has been read. Handlers are
  /// added here rather than in the bootstrap, which makes a channel for each address it tries.
  private static func start(
    _ job: UploadJob,
    on channel: any Channel,
    result: EventLoopPromise<ExchangeResult>,
    cancellation: UploadCancellation
  ) {
    guard !cancellation.isCancelled else { return channel.close(promise: nil) }
    do {
      let decoder = HTTPResponseDecoder(
        leftOverBytesStrategy: .dropBytes,
        informationalResponseStrategy: .forward,
        limitConfiguration: limits
      )
      // The request says itself how it is framed; the encoder would leave a body without framing for methods it takes
      // to have none.
      var framing = HTTPRequestEncoder.Configuration()
      framing.automaticallySetFramingHeaders = false
      try channel.pipeline.syncOperations.addHandlers([
        HTTPRequestEncoder(configuration: framing),
        ByteToMessageHandler(decoder),
        UploadHandler(job, result: result),
      ])
      cancellation.onCancel {
        channel.pipeline.fireUserInboundEventTriggered(UploadCancellation.Event())
      }
    } catch {
      result.fail(UploadError(.internalFailure, "The connection could not be set up.", cause: error))
      channel.close(promise: nil)
    }
  }
}
