import NIOCore
import NIOPosix
import UploadCore

/// One attempt to send an upload: the request, its content, where they are sent, and the resources that it uses.
struct UploadAttempt: Sendable {
  /// Loses its `Expect` field when the server rejects that.
  var request: UploadRequest
  /// Replaced by ``BodyContent/renewed`` for the next attempt of the same upload.
  var content: BodyContent
  let target: SendTarget
  let meter: UploadMeter
  let cancellation: UploadCancellation
  let resources: ClientResources

  /// The configuration of the exchange's state machine.
  var plan: ExchangeStateMachine.Plan {
    let configuration = resources.configuration
    return ExchangeStateMachine.Plan(
      // Chunks of the size that suits the source, or smaller ones where a rate limit requires them.
      body: content.plan(
        limit: resources.limiter.map { UInt64(max(1, $0.chunkSize)) } ?? .max,
        isForm: request.isForm
      ),
      continueTimeout: request.expectsContinue ? TimeAmount(configuration.continueTimeout) : nil,
      idleTimeout: TimeAmount(configuration.idleTimeout),
      responseTimeout: TimeAmount(configuration.responseTimeout),
      acceptsSeeOther: request.isForm
    )
  }

  /// Memory that the upload uses while it is sent, in bytes.
  var networkBytes: Int {
    content.networkBytes(isSecure: target.isSecure) + request.framingBytes
  }

  /// Whether a server that has sent `result` asks for the same request without its expectation (RFC 9110 section 10.1.1).
  func isExpectationRejected(_ result: ExchangeResult) -> Bool {
    result.response.status == 417 && request.expectsContinue && !result.isBodyBegun
  }
}

/// The response of an exchange, and how much of the body was sent before.
struct ExchangeResult: Sendable {
  var response: ServerResponse
  /// Whether any of the body was sent, or read from a source that cannot be read again.
  var isBodyBegun: Bool
  /// Whether all of the body was sent.
  var isBodySent: Bool
}

/// What all uploads of an ``Uploader`` share.
struct ClientResources: Sendable {
  let configuration: UploadClientConfiguration
  let eventLoopGroup: any EventLoopGroup
  /// Opens, reads and checks sources.
  let threadPool: NIOThreadPool
  /// The limit on the rate of all uploads together; nil without one.
  let limiter: RateLimiter?
  let tls = ClientTLS()

  init(
    configuration: UploadClientConfiguration,
    eventLoopGroup: any EventLoopGroup,
    threadPool: NIOThreadPool
  ) {
    self.configuration = configuration
    self.eventLoopGroup = eventLoopGroup
    self.threadPool = threadPool
    limiter = configuration.rate.map { RateLimiter(bytesPerSecond: $0) }
  }

  /// Runs `work`, which may block, on the thread pool.
  /// - Throws: ``UploadError``: that of `work`; `cancelled` when the task is cancelled before `work` begins; `shuttingDown`
  ///   when the pool has been shut down.
  func onPool<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws(UploadError) -> Value {
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
