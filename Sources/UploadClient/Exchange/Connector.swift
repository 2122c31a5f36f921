import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// Runs each attempt on a connection of its own.
struct Connector: Sendable {
  /// Encrypts the connections; nil for a target without TLS.
  let encryption: NIOSSLContext?
  /// How long resolving the host and connecting may take together, and then the TLS handshake.
  let timeout: Duration
  let eventLoopGroup: any EventLoopGroup

  /// Connects, sends, and returns the server's response when the connection is closed again.
  /// - Throws: ``FailedAttempt``; when the upload is cancelled, with any error.
  func run(_ attempt: UploadAttempt) async throws(FailedAttempt) -> ExchangeResult {
    let loop = eventLoopGroup.next()
    let result = loop.makePromise(of: ExchangeResult.self)
    // An attempt to connect cannot be cancelled: it ends by itself, and its result is ignored.
    attempt.cancellation.onCancel { result.fail(FailedAttempt(error: UploadCancellation.error)) }
    // On the loop from the start: a callback that is added from another thread could run one tick late, and the first bytes
    // of the server would be lost.
    loop.execute {
      connect(to: attempt.target, on: loop).whenComplete { outcome in
        switch outcome {
        case .success(let channel): start(attempt, on: channel, result: result)
        case .failure(let error):
          result.fail(
            FailedAttempt(
              error: ConnectFailure.error(error, target: attempt.target, timeout: timeout),
              isTemporary: ConnectFailure.isTemporary(error, target: attempt.target)
            )
          )
        }
      }
    }
    do {
      return try await result.futureResult.get()
    } catch {
      throw Self.failure(error)
    }
  }

  private func connect(to target: SendTarget, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout))
    // An address needs no resolver: its threads may all be waiting for a name server that is down.
    if let address = try? SocketAddress(ipAddress: target.host, port: target.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: target.host, port: target.port)
  }

  /// Called on the channel's event loop in the tick in which it was connected, so that nothing has been read. Handlers are
  /// added here rather than in the bootstrap, which creates a channel for each address it tries.
  private func start(_ attempt: UploadAttempt, on channel: any Channel, result: EventLoopPromise<ExchangeResult>) {
    guard !attempt.cancellation.isCancelled else { return channel.close(promise: nil) }
    do {
      guard let encryption else { return try exchange(attempt, on: channel, result: result) }
      let handshake = HandshakeHandler(target: attempt.target, timeout: timeout) { agreed in
        do {
          try agreed.get()
          try exchange(attempt, on: channel, result: result)
        } catch {
          fail(error, on: channel, result)
        }
      }
      let encrypter = try ClientTLS.handler(encryption, target: attempt.target)
      try channel.pipeline.syncOperations.addHandlers([encrypter, handshake])
      attempt.cancellation.onCancel {
        result.fail(FailedAttempt(error: UploadCancellation.error))
        channel.eventLoop.execute { channel.abort() }
      }
    } catch {
      fail(error, on: channel, result)
    }
  }

  /// Adds the handlers to a connection that is ready for a request.
  private func exchange(
    _ attempt: UploadAttempt,
    on channel: any Channel,
    result: EventLoopPromise<ExchangeResult>
  ) throws {
    // Responses are short: the limits on their headers are far below NIO's default of 2 MiB for each connection.
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 * 1024
    limits.maxHeaderListSize = 64 * 1024
    limits.maxHeaderFieldCount = 128
    let decoder = HTTPResponseDecoder(
      leftOverBytesStrategy: .dropBytes,
      informationalResponseStrategy: .forward,
      limitConfiguration: limits
    )
    // The request has its framing headers; the encoder would remove them for methods that usually have no body.
    var framing = HTTPRequestEncoder.Configuration()
    framing.automaticallySetFramingHeaders = false
    try channel.pipeline.syncOperations.addHandlers([
      HTTPRequestEncoder(configuration: framing),
      ByteToMessageHandler(decoder),
      ExchangeHandler(attempt, result: result),
    ])
    attempt.cancellation.onCancel {
      channel.pipeline.fireUserInboundEventTriggered(UploadCancellation.Event())
    }
  }

  private func fail(_ error: any Error, on channel: any Channel, _ result: EventLoopPromise<ExchangeResult>) {
    result.fail(Self.failure(error))
    channel.close(promise: nil)
  }

  /// `error` itself if it is a ``FailedAttempt``; all others are unexpected.
  private static func failure(_ error: any Error) -> FailedAttempt {
    error as? FailedAttempt
      ?? FailedAttempt(error: UploadError(.internalFailure, "The connection could not be used.", cause: error))
  }
}
