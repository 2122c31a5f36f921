import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// Opens a connection of its own for one upload and runs the upload on it.
struct UploadConnection: Sendable {
  let target: SendTarget
  /// What encrypts; nil for a target without TLS.
  let encryption: NIOSSLContext?
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
  /// - Throws: ``FailedAttempt``; when cancelled, whatever the interruption looked like.
  func run(_ job: UploadJob, cancellation: UploadCancellation) async throws(FailedAttempt) -> ExchangeResult {
    let loop = eventLoopGroup.next()
    let result = loop.makePromise(of: ExchangeResult.self)
    // Attempts to connect cannot be called off: one that is given up ends by itself, and finds nobody waiting.
    cancellation.onCancel { result.fail(FailedAttempt(error: UploadCancellation.error)) }
    // On the loop from the start: a callback added from outside could come a turn late, and what a server that speaks
    // first has said by then would be lost.
    loop.execute {
      connect(on: loop).whenComplete { outcome in
        switch outcome {
        case .success(let channel): start(job, on: channel, result: result, cancellation: cancellation)
        case .failure(let error): result.fail(failure(error))
        }
      }
    }
    do {
      return try await result.futureResult.get()
    } catch let error as FailedAttempt {
      throw error
    } catch {
      throw FailedAttempt(
        error: UploadError(.internalFailure, "The upload ended in a way it should not.", cause: error)
      )
    }
  }

  private func failure(_ error: any Error) -> FailedAttempt {
    let failure = ConnectFailure.error(error, target: target, timeout: connectTimeout)
    return FailedAttempt(error: failure, isPassing: ConnectFailure.isPassing(error, target: target))
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
  private func start(
    _ job: UploadJob,
    on channel: any Channel,
    result: EventLoopPromise<ExchangeResult>,
    cancellation: UploadCancellation
  ) {
    guard !cancellation.isCancelled else { return channel.close(promise: nil) }
    do {
      guard let encryption else { return try exchange(job, on: channel, result: result, cancellation: cancellation) }
      let handshake = HandshakeHandler(target: target, timeout: connectTimeout) { agreed in
        do {
          try agreed.get()
          try exchange(job, on: channel, result: result, cancellation: cancellation)
        } catch {
          fail(error, on: channel, result)
        }
      }
      try channel.pipeline.syncOperations.addHandlers([try encrypter(encryption), handshake])
      cancellation.onCancel {
        result.fail(FailedAttempt(error: UploadCancellation.error))
        channel.eventLoop.execute { channel.abort() }
      }
    } catch {
      fail(error, on: channel, result)
    }
  }

  private func encrypter(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
    // Addresses are no names that a server could be asked for; the library then looks for the address it is connected to.
    let isAddress = (try? SocketAddress(ipAddress: target.host, port: target.port)) != nil
    let name = isAddress ? nil : target.host
    guard case .pinned(let wanted) = target.trust else {
      return try NIOSSLClientHandler(context: context, serverHostname: name)
    }
    return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, verified in
      let met = certificates.first?.fingerprint
      verified.succeed(met == wanted ? .certificateVerified : .failed)
    }
  }

  /// Puts the handlers on a connection that is ready for a request.
  private func exchange(
    _ job: UploadJob,
    on channel: any Channel,
    result: EventLoopPromise<ExchangeResult>,
    cancellation: UploadCancellation
  ) throws {
    let decoder = HTTPResponseDecoder(
      leftOverBytesStrategy: .dropBytes,
      informationalResponseStrategy: .forward,
      limitConfiguration: Self.limits
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
  }

  private func fail(_ error: any Error, on channel: any Channel, _ result: EventLoopPromise<ExchangeResult>) {
    let failure =
      error as? FailedAttempt
      ?? FailedAttempt(error: UploadError(.internalFailure, "The connection could not be set up.", cause: error))
    result.fail(failure)
    channel.close(promise: nil)
  }
}
