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
  var cancellation: Cancellation
  /// Pauses the upload; nil for one that cannot be paused.
  var pause: UploadPause?
  let resources: ClientResources
  /// Receives the body of a success in place of ``ExchangeResponse/body``, of any length; called on the event loop. It returns
  /// whether more is needed: false ends the exchange with this response. Nil to keep its beginning.
  var onResponseBody: (@Sendable (ByteBuffer) -> Bool)?

  /// How the exchange proceeds, by the request, its content and the configuration.
  var plan: ExchangeStateMachine.Plan {
    let configuration = resources.configuration
    var plan = ExchangeStateMachine.Plan(
      // Chunks of the size that suits the source, or smaller ones where a rate limit requires them.
      body: content.plan(
        part,
        limit: resources.limiter.map { UInt64(max(1, $0.chunkSize)) } ?? .max,
        isForm: request.isForm
      ),
      idleTimeout: TimeAmount(configuration.idleTimeout),
      // A server syncs no file for a request without a body.
      responseTimeout: TimeAmount(
        part == .nothing
          ? min(configuration.responseTimeout, configuration.idleTimeout) : configuration.responseTimeout
      ),
      bodyLimit: ExchangeResponse.bodyLimit
    )
    plan.continueTimeout = request.expectsContinue ? TimeAmount(configuration.continueTimeout) : nil
    plan.acceptsSeeOther = request.isForm
    plan.passesResponseBody = onResponseBody != nil
    return plan
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
  ///   ``Cancellation/isCancelled`` first.
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
    do throws(ExchangeError) {
      let result = try await runner.run(on: kept)
      // The server was about to close the idle connection (RFC 9110 section 15.5.9).
      guard result.response.status == 408, mayRepeatBody || !result.isBodyBegun else { return result }
    } catch {
      guard !cancellation.isCancelled, isUnprocessed(error) else { throw FailedAttempt(error, of: self) }
    }
    var again = self
    again.content = content.renewed(for: part)
    if part == .whole { meter.resume(at: 0) }
    return try await again.runOnNew()
  }

  /// Whether a request can be sent again at once after it has failed on a connection of the pool: no response has begun, and
  /// the server cannot have the whole body, or there is none and the method changes nothing when it is repeated.
  private func isUnprocessed(_ error: ExchangeError) -> Bool {
    guard case .failed(let failed) = error else { return false }
    let isIdempotent = part == .nothing && [.OPTIONS, .HEAD, .GET, .DELETE].contains(request.head.method)
    return failed.failure == .connectionLost && (!failed.isBodySent || isIdempotent)
      && (mayRepeatBody || !failed.isBodyBegun)
  }

  /// Whether a body that was sent in part may be sent again without asking. A server keeps a part of a resumable upload: there
  /// its offset says what follows.
  private var mayRepeatBody: Bool { part == .whole && content.isRepeatable }

  private func runOnNew() async throws(FailedAttempt) -> ExchangeResult {
    meter.phase = .connecting
    do throws(ExchangeError) {
      return try await runner.runOnNew(on: resources.eventLoopGroup.next())
    } catch {
      throw FailedAttempt(error, of: self)
    }
  }

  private var runner: ExchangeRunner {
    let head = connector.forwarded(request.head)
    return ExchangeRunner(connector, plan, cancellation, onPause: pause?.onPause) { isNew in
      UploadExchange(self, head: head, isNew: isNew)
    }
  }
}

extension UploadError {
  /// The error for a response with another digest than that of the content that was sent.
  static var mismatch: UploadError {
    let message = "Checksum mismatch: the server reports another SHA-256 for the stored file. Send the file again."
    return UploadError(.contentMismatch, message)
  }
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
      throw Cancellation.error
    } catch {
      throw UploadError(.shuttingDown, "The program is stopping and sends no more files.", cause: error)
    }
  }
}
