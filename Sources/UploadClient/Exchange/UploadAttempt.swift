import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UploadCore

/// What an attempt to send an upload needs: the request, its content, where they are sent, and shared resources. Each
/// ``run()`` is one attempt, on a connection of its own; the caller adapts ``request`` and ``content`` for the next one.
struct UploadAttempt: Sendable {
  /// The request to send. The caller removes its `Expect` field when the server rejects that.
  var request: UploadRequest
  /// The content to send. The caller reads it into memory before the first attempt in buffered mode, and replaces it by
  /// ``BodyContent/renewed`` for each later attempt.
  var content: BodyContent
  /// What the request carries of the content.
  var part = BodyPart.whole
  let target: SendTarget
  let meter: UploadMeter
  var cancellation: UploadCancellation
  /// Pauses the upload; nil for one that cannot be paused.
  var pause: UploadPause?
  let resources: ClientResources
  /// Receives the body of a success in place of ``ServerResponse/body``, of any length; called on the event loop. Nil to keep
  /// its beginning.
  var onResponseBody: (@Sendable (ByteBuffer) -> Void)?
  /// The TLS context of the target's trust. Set it before ``run()`` for an https target; nil for http.
  var encryption: NIOSSLContext?

  /// How the exchange proceeds, by the request, its content and the configuration.
  var plan: ExchangeStateMachine.Plan {
    let configuration = resources.configuration
    return ExchangeStateMachine.Plan(
      // Chunks of the size that suits the source, or smaller ones where a rate limit requires them.
      body: content.plan(
        part,
        limit: resources.limiter.map { UInt64(max(1, $0.chunkSize)) } ?? .max,
        isForm: request.isForm
      ),
      continueTimeout: request.expectsContinue ? TimeAmount(configuration.continueTimeout) : nil,
      idleTimeout: TimeAmount(configuration.idleTimeout),
      // A server syncs no file for a request without a body.
      responseTimeout: TimeAmount(
        part == .nothing
          ? min(configuration.responseTimeout, configuration.idleTimeout) : configuration.responseTimeout
      ),
      acceptsSeeOther: request.isForm,
      passesResponseBody: onResponseBody != nil
    )
  }

  /// Memory that sending uses, in bytes: buffers and the framing of a form. A form in memory is counted elsewhere.
  var networkBytes: Int {
    content.networkBytes(isSecure: target.isSecure) + request.framingBytes
  }

  /// Whether a server that has sent `result` asks for the same request without its expectation (RFC 9110 section 10.1.1).
  func isExpectationRejected(_ result: ExchangeResult) -> Bool {
    result.response.status == 417 && request.expectsContinue && !result.isBodyBegun
  }

  /// Compares the digest of the server's response, if there is one, with that of the content that was sent.
  /// - Throws: ``UploadError`` with code `contentMismatch` when they differ, and those of reading the content again.
  func verify(_ finished: FinishedUpload) async throws(UploadError) {
    guard let reported = finished.sha256.flatMap({ ContentDigests(sha256Text: $0) }) else { return }
    let (content, cancellation) = (content, cancellation)
    let sent = try await resources.onPool {
      try content.digests { () throws(UploadError) in try cancellation.check() }
    }
    guard sent == reported else {
      let message = "Checksum mismatch: the server reports another SHA-256 for the stored file. Send the file again."
      throw UploadError(.contentMismatch, message)
    }
  }

  // MARK: The connection

  /// Connects, sends, and returns the server's response, whatever its status, when the connection is closed again.
  /// - Throws: ``FailedAttempt`` without a usable response. After a cancellation its error may have any code: check
  ///   ``UploadCancellation/isCancelled`` first.
  func run() async throws(FailedAttempt) -> ExchangeResult {
    let loop = resources.eventLoopGroup.next()
    let result = loop.makePromise(of: ExchangeResult.self)
    // An attempt to connect cannot be cancelled: it ends by itself, and its result is ignored.
    cancellation.onCancel { result.fail(FailedAttempt(error: UploadCancellation.error)) }
    // On the loop from the start: a callback that is added from another thread could run one tick late, and the first bytes
    // of the server would be lost.
    loop.execute {
      connect(on: loop).whenComplete { outcome in
        switch outcome {
        case .success(let channel): start(on: channel, result)
        case .failure(let error):
          result.fail(ConnectFailure.error(error, target: target, timeout: connectTimeout))
        }
      }
    }
    do {
      return try await result.futureResult.get()
    } catch {
      throw Self.failure(error)
    }
  }

  private var connectTimeout: Duration { resources.configuration.connectTimeout }

  private func connect(on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(connectTimeout))
    // An address needs no resolver: its threads may all be waiting for a name server that is down.
    if let address = try? SocketAddress(ipAddress: target.host, port: target.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: target.host, port: target.port)
  }

  /// Called on the channel's event loop in the tick in which it was connected, so that nothing has been read. Handlers are
  /// added here rather than in the bootstrap, which creates a channel for each address it tries.
  private func start(on channel: any Channel, _ result: EventLoopPromise<ExchangeResult>) {
    guard !cancellation.isCancelled else { return channel.close(promise: nil) }
    do {
      guard let encryption else { return try exchange(on: channel, result) }
      let handshake = HandshakeHandler(target: target, timeout: connectTimeout) { agreed in
        do {
          try agreed.get()
          try exchange(on: channel, result)
        } catch {
          fail(error, on: channel, result)
        }
      }
      let encrypter = try ClientTLS.handler(encryption, target: target)
      try channel.pipeline.syncOperations.addHandlers([encrypter, handshake])
      cancellation.onCancel {
        result.fail(FailedAttempt(error: UploadCancellation.error))
        channel.eventLoop.execute { channel.abort() }
      }
    } catch {
      fail(error, on: channel, result)
    }
  }

  /// Adds the handlers to a connection that is ready for a request.
  private func exchange(on channel: any Channel, _ result: EventLoopPromise<ExchangeResult>) throws {
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
      ExchangeHandler(self, result: result),
    ])
    cancellation.onCancel {
      channel.pipeline.fireUserInboundEventTriggered(UploadCancellation.Event())
    }
    pause?.onPause {
      channel.pipeline.fireUserInboundEventTriggered(UploadPause.Event())
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

/// The response of an exchange, and how much of the body was sent before.
struct ExchangeResult: Sendable {
  var response: ServerResponse
  /// Whether sending or reading the body had begun.
  var isBodyBegun: Bool
  /// Whether the socket had accepted the whole body.
  var isBodySent: Bool
  /// Offset in the content beyond which the server can have received nothing in this exchange.
  var reach: UInt64 = 0
}

/// What all uploads of an ``Uploader`` share.
struct ClientResources: Sendable {
  let configuration: UploadClientConfiguration
  let eventLoopGroup: any EventLoopGroup
  /// Opens, reads and checks sources, which may block.
  let threadPool: NIOThreadPool
  /// The limit on the rate of all uploads together; nil without one.
  var limiter: RateLimiter?
  let tls = ClientTLS()

  /// Runs `work`, which may block, on the thread pool.
  /// - Parameter work: must throw only ``UploadError``.
  /// - Throws: ``UploadError``: that of `work`; `cancelled` when the task is cancelled before `work` begins; `shuttingDown`
  ///   when the pool has been shut down.
  func onPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws(UploadError) -> Value {
    do {
      return try await threadPool.runIfActive(work)
    } catch let error as UploadError {
      throw error
    } catch is CancellationError {
      throw UploadCancellation.error
    } catch {
      throw UploadError(.shuttingDown, "The program is stopping and sends no more files.", cause: error)
    }
  }
}
