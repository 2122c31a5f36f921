import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import UploadCore

/// What an attempt to send an upload needs: the request, its content, where they are sent, and shared resources. Each
/// ``run()`` is one attempt; the caller adapts ``request`` and ``content`` for the next one.
struct UploadAttempt: Sendable {
  /// The request to send. The caller removes its `Expect` field when the server rejects that.
  var request: UploadRequest
  /// The content to send. The caller reads it into memory before the first attempt in buffered mode, and replaces it by
  /// ``BodyContent/renewed`` for each later attempt.
  var content: BodyContent
  /// What the request carries of the content.
  var part = BodyPart.whole
  let target: SendTarget
  /// Opens the attempt's connection. Call ``ServerConnector/withContexts(_:)`` before ``run()``.
  var connector: ServerConnector
  let meter: UploadMeter
  var cancellation: UploadCancellation
  /// Pauses the upload; nil for one that cannot be paused.
  var pause: UploadPause?
  let resources: ClientResources
  /// Receives the body of a success in place of ``ServerResponse/body``, of any length; called on the event loop. It returns
  /// whether more is needed: false ends the exchange with this response. Nil to keep its beginning.
  var onResponseBody: (@Sendable (ByteBuffer) -> Bool)?

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

  /// Tells what the upload waits for, from the beginning of an exchange with content.
  func linkMonitor(isNew: Bool, at now: NIODeadline) -> LinkMonitor {
    LinkMonitor(
      meter,
      content.readsWhileSending ? .file : .memory,
      // After a part of the content the server has to ask for the next.
      response: part.isLast ? .finishing : .server,
      isNew: isNew,
      asksFirst: request.expectsContinue,
      loads: resources.loads,
      at: now
    )
  }

  /// Memory that sending uses, in bytes: buffers and the framing of a form. A form in memory is counted elsewhere.
  var networkBytes: Int {
    content.networkBytes(isSecure: connector.isEncrypted) + request.framingBytes
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
    guard sent == reported else { throw .mismatch }
  }

  // MARK: The connection

  /// Sends on a connection of the pool or on a new one, and returns the server's response, whatever its status, when the
  /// connection is in the pool again or closed.
  ///
  /// The server may close a connection of the pool at the moment in which it is used. Then the request is sent once more, on a
  /// new connection, if the server has certainly not processed it: see ``isUnprocessed(_:)``.
  /// - Throws: ``FailedAttempt`` without a usable response. After a cancellation its error may have any code: check
  ///   ``UploadCancellation/isCancelled`` first.
  func run() async throws(FailedAttempt) -> ExchangeResult {
    let origin = target.origin
    var attempt = self
    if resources.ignoredExpectations.contains(origin) { attempt.request.head.headers.remove(name: "expect") }
    let result = try await attempt.runOnAny(origin)
    resources.ignoredExpectations.note(origin, result)
    return result
  }

  private func runOnAny(_ origin: HTTPOrigin) async throws(FailedAttempt) -> ExchangeResult {
    guard let kept = resources.connections.take(origin) else { return try await runOnNew() }
    do throws(FailedAttempt) {
      let result = try await run(on: kept)
      // The server was about to close the idle connection (RFC 9110 section 15.5.9).
      guard result.response.status == 408, mayRepeatBody || !result.isBodyBegun else { return result }
    } catch {
      guard !cancellation.isCancelled, isUnprocessed(error) else { throw error }
    }
    var again = self
    again.content = content.renewed(for: part)
    if part == .whole { meter.resume(at: 0) }
    return try await again.runOnNew()
  }

  /// Whether a request can be sent again at once after it has failed on a connection of the pool: no response has begun, and
  /// the server cannot have the whole body, or there is none and the method changes nothing when it is repeated.
  private func isUnprocessed(_ failed: FailedAttempt) -> Bool {
    let isIdempotent = part == .nothing && [.OPTIONS, .HEAD, .GET, .DELETE].contains(request.head.method)
    return failed.failure == .connectionLost && (!failed.isBodySent || isIdempotent)
      && (mayRepeatBody || !failed.isSourceUsed)
  }

  /// Whether a body that was sent in part may be sent again without asking. A server keeps a part of a resumable upload: there
  /// its offset says what follows.
  private var mayRepeatBody: Bool { part == .whole && content.isRepeatable }

  private func run(on kept: any Channel) async throws(FailedAttempt) -> ExchangeResult {
    try await exchange(on: kept.eventLoop) { result in
      guard ConnectionPool.claim(kept) else {
        let error = UploadError(.connectionLost, "\(target.authority) closed the connection.")
        return result.fail(FailedAttempt(error: error, isTemporary: true, failure: .connectionLost))
      }
      begin(on: kept, isNew: false, result)
    }
  }

  private func runOnNew() async throws(FailedAttempt) -> ExchangeResult {
    let loop = resources.eventLoopGroup.next()
    meter.phase = .connecting
    return try await exchange(on: loop) { result in
      let connecting = connector.connect(on: loop) { channel in
        cancellation.onCancel {
          result.fail(FailedAttempt(error: UploadCancellation.error))
          channel.eventLoop.execute { channel.abort() }
        }
      }
      connecting.whenComplete { opened in
        do {
          try prepare(try opened.get(), result)
        } catch {
          result.fail(FailedAttempt(unusable: error))
        }
      }
    }
  }

  /// - Parameter begin: called on the event loop. From the start, since a callback that is added from another thread could run
  ///   one tick late, and the first bytes of the server would be lost.
  private func exchange(
    on loop: any EventLoop,
    _ begin: @escaping @Sendable (EventLoopPromise<ExchangeResult>) -> Void
  ) async throws(FailedAttempt) -> ExchangeResult {
    let result = loop.makePromise(of: ExchangeResult.self)
    // An attempt to connect cannot be cancelled: it ends by itself, and its result is ignored.
    cancellation.onCancel { result.fail(FailedAttempt(error: UploadCancellation.error)) }
    loop.execute { begin(result) }
    do {
      return try await result.futureResult.get()
    } catch {
      throw FailedAttempt(unusable: error)
    }
  }

  /// Adds the handlers for HTTP to a new connection, and begins.
  private func prepare(
    _ channel: any Channel,
    _ result: EventLoopPromise<ExchangeResult>
  ) throws(FailedAttempt) {
    // The request has its framing headers; the encoder would remove them for methods that usually have no body.
    var framing = HTTPRequestEncoder.Configuration()
    framing.automaticallySetFramingHeaders = false
    do {
      try channel.pipeline.syncOperations.addHandlers([
        HTTPRequestEncoder(configuration: framing),
        ResponseDecoding.handler(leftOver: .dropBytes),
      ])
    } catch {
      channel.close(promise: nil)
      throw FailedAttempt(unusable: error)
    }
    begin(on: channel, isNew: true, result)
  }

  /// Sends the request on a connection that is ready for one.
  private func begin(on channel: any Channel, isNew: Bool, _ result: EventLoopPromise<ExchangeResult>) {
    guard !cancellation.isCancelled else { return channel.close(promise: nil) }
    var attempt = self
    attempt.request.head = connector.forwarded(request.head)
    do {
      try channel.pipeline.syncOperations.addHandler(ExchangeHandler(attempt, isNew: isNew, result: result))
    } catch {
      result.fail(FailedAttempt(unusable: error))
      return channel.close(promise: nil)
    }
    cancellation.onCancel { [cancellation] in
      channel.pipeline.fireUserInboundEventTriggered(UploadCancellation.Event(source: cancellation))
    }
    pause?.onPause { [pause] in
      if let pause { channel.pipeline.fireUserInboundEventTriggered(UploadPause.Event(source: pause)) }
    }
  }

  /// Gives a connection that can serve another request to the pool. Call it on the connection's event loop.
  func keep(_ channel: any Channel, after outcome: ExchangeStateMachine.Outcome) {
    let longest = TimeAmount(resources.configuration.longestIdleTime)
    guard case .response(let response) = outcome,
      let time = ConnectionPool.idleTime(after: response.headers, atMost: longest)
    else { return channel.close(promise: nil) }
    resources.connections.keep(channel, to: target.origin, for: time)
  }
}

extension UploadError {
  /// The error for a response with another digest than that of the content that was sent.
  static var mismatch: UploadError {
    let message = "Checksum mismatch: the server reports another SHA-256 for the stored file. Send the file again."
    return UploadError(.contentMismatch, message)
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
  /// Whether the request asked for `100 Continue`, and the server has sent none.
  var ignoresExpectation = false
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
  let connections = ConnectionPool()
  let ignoredExpectations = IgnoredExpectations()
  let loads = LoopLoads()

  /// A connector for a target, with the TLS contexts that it needs.
  /// - Throws: ``UploadError``, as ``UploadClientConfiguration/connector(to:)`` and ``ServerConnector/withContexts(_:)`` do.
  func connector(to target: SendTarget) async throws(UploadError) -> ServerConnector {
    let connector = try configuration.connector(to: target)
    guard connector.isEncrypted else { return connector }
    let tls = tls
    return try await onPool { try connector.withContexts(tls) }
  }

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
