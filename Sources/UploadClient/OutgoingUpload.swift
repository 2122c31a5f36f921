import Glibc
import NIOCore
import NIOPosix
import UploadCore
import UploadProtocol

/// One upload on its way: the source is open, the request is known, and the meter runs.
struct OutgoingUpload: Sendable {
  let source: OpenedSource
  let request: UploadRequest
  let target: SendTarget
  let meter: UploadMeter
  let cancellation: UploadCancellation
  let resources: ClientResources

  /// Sends the source, in as many attempts as ``UploadClientConfiguration/retry`` allows.
  /// - Throws: the last attempt's error, with the reason why no other attempt follows.
  func run() async throws(UploadError) -> FinishedUpload {
    try cancellation.check()
    var attempt = UploadAttempt(
      request: request,
      content: try await content(),
      target: target,
      meter: meter,
      cancellation: cancellation,
      configuration: resources.configuration,
      limiter: resources.limiter,
      threadPool: resources.threadPool
    )
    let connector = try await connector()
    var retries = RetryStateMachine(
      resources.configuration.retry,
      isRepeatable: attempt.content.isRepeatable,
      start: .now
    )
    var random = SystemRandomNumberGenerator()
    while true {
      let failed: FailedAttempt
      do throws(FailedAttempt) {
        return try await perform(&attempt, with: connector)
      } catch {
        failed = error
      }
      guard !cancellation.isCancelled else { throw failed.error }
      let now = ContinuousClock.now
      let timeOfDay = Int64(time(nil))
      switch retries.failed(failed, sent: meter.received, at: now, timeOfDay: timeOfDay, using: &random) {
      case .giveUp(let reason):
        throw failed.error.adding(reason.note(attempts: retries.failures))
      case .pause(let duration):
        meter.pause(because: failed.error.message, attempt: retries.failures + 1, until: now + duration)
        try await cancellation.sleep(duration, on: resources.eventLoopGroup.next())
        meter.beginAttempt()
        attempt.renew()
      }
    }
  }

  /// One attempt: a request and its response; two when the server rejects the expectation.
  private func perform(
    _ attempt: inout UploadAttempt,
    with connector: Connector
  ) async throws(FailedAttempt) -> FinishedUpload {
    var result = try await connector.run(attempt)
    if attempt.isExpectationRejected(result) {
      attempt.dropExpectation()
      result = try await connector.run(attempt)
    }
    var finished = try attempt.finished(result)
    finished.detectedType = meter.detectedType
    do throws(UploadError) {
      try await verify(finished, attempt.content)
    } catch {
      throw FailedAttempt(error: error)
    }
    return finished
  }

  /// Compares the digest of the server's response, if there is one, with that of what was sent.
  private func verify(_ finished: FinishedUpload, _ content: BodyContent) async throws(UploadError) {
    guard let reported = finished.sha256.flatMap({ ContentDigests(sha256Text: $0) }) else { return }
    let cancellation = cancellation
    let sent = try await resources.onPool {
      try content.digests { () throws(UploadError) in try cancellation.check() }
    }
    guard sent != reported else { return }
    throw UploadError(
      .contentMismatch,
      "The server stored another content: the SHA-256 it tells is not that of what was sent. Send the file again."
    )
  }

  /// What the connections will send; in buffered mode after reading all of it.
  private func content() async throws(UploadError) -> BodyContent {
    guard meter.mode == .buffered else {
      if source.regular == nil { return .stream(source, StreamReader(source, atMost: resources.limiter?.chunkSize)) }
      return target.isSecure ? .copied(source, PieceReader(source)) : .file(source)
    }
    let upload = self
    return .memory(
      try await resources.onPool {
        try FormInMemory(
          reading: upload.source,
          framing: upload.request.prefix.count + upload.request.suffix.count,
          available: upload.resources.configuration.availableMemory(),
          holding: { upload.meter.add($0) },
          checkCancellation: { () throws(UploadError) in try upload.cancellation.check() }
        )
      }
    )
  }

  /// Nothing is connected yet.
  private func connector() async throws(UploadError) -> Connector {
    let (tls, trust) = (resources.tls, target.trust)
    return Connector(
      encryption: target.isSecure ? try await resources.onPool { try tls.context(trust) } : nil,
      timeout: resources.configuration.connectTimeout,
      eventLoopGroup: resources.eventLoopGroup
    )
  }
}

/// What all uploads of an ``Uploader`` share.
struct ClientResources: Sendable {
  let configuration: UploadClientConfiguration
  let eventLoopGroup: any EventLoopGroup
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

  /// Runs on the thread pool what may block.
  /// - Throws: ``UploadError``, with code `cancelled` when the task is cancelled before `work` begins.
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
      throw UploadError(.shuttingDown, "The program is stopping and takes up no more files.", cause: error)
    }
  }
}

extension UploadError {
  /// The same error with another sentence at the end of its message.
  fileprivate func adding(_ sentence: String?) -> UploadError {
    sentence.map { UploadError(code, "\(message) \($0)", cause: cause) } ?? self
  }
}
