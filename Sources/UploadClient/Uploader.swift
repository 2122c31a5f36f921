import Glibc
import HTTPExchange
package import NIOCore
import NIOHTTP1
package import NIOPosix
package import UploadCore

/// Sends files and streams to a server. Requests reuse idle connections; small files are sent by ``sendEach(_:to:mode:jobs:group:onEnd:)``
/// several at a time on each. Usable from any thread.
///
/// `HTTPExchange` connects to servers. The folders of this target, the lowest first; a file uses its own folder and those before it:
///
/// | folder | contents |
/// |---|---|
/// | `Journal` | unfinished uploads, kept on disk |
/// | `Configuration` | what callers set: options, header fields, targets, retries |
/// | `Source` | the files, streams and forms in memory that are sent |
/// | `Exchange` | one request and its response: state machines, channel handlers, HTTP |
/// | `Resume` | uploads in several requests (tus, the IETF draft): discovery, pauses, the protocol's state machine |
/// | `Tree` | walking directories; making directories at a server, and reading its listings |
/// | `Pipeline` | many small files on few connections |
/// | the top | ``Uploader``, which runs the attempts of each upload as ``RetryStateMachine`` decides |
package struct Uploader: Sendable {
  private(set) var resources: ClientResources
  let ledger: UploadLedger
  private let knownServers = KnownServers()

  /// - Parameters:
  ///   - configuration: not checked here: each upload fails with `badValue` when it is invalid.
  ///   - ledger: records every upload from its start to its end.
  ///   - eventLoopGroup: runs the connections; POSIX event loops, since files are sent by sendfile.
  ///   - threadPool: opens, reads and checks files; it must be running, and its threads may block. An upload of a
  ///     stream, such as a pipe at standard input, occupies one of them while it waits for input.
  package init(
    configuration: UploadClientConfiguration,
    ledger: UploadLedger,
    eventLoopGroup: any EventLoopGroup,
    threadPool: NIOThreadPool
  ) {
    resources = ClientResources(
      configuration: configuration,
      eventLoopGroup: eventLoopGroup,
      threadPool: threadPool,
      limiter: configuration.rate.map { RateLimiter(bytesPerSecond: $0) }
    )
    self.ledger = ledger
  }

  /// The same uploader, whose requests ask servers for the SHA-256 of what they store (`Want-Repr-Digest`, RFC 9530 section
  /// 4), so that a Sluice server notes it with the file.
  package var askingForDigests: Uploader {
    var configuration = resources.configuration
    guard let field = try? HeaderField("Want-Repr-Digest: sha-256=10") else { return self }
    configuration.headers.append(field)
    var uploader = self
    uploader.resources = ClientResources(
      configuration: configuration,
      eventLoopGroup: resources.eventLoopGroup,
      threadPool: resources.threadPool,
      limiter: resources.limiter
    )
    return uploader
  }

  /// Sends one source, and returns when the server has responded and the connection is closed or free for another request, or
  /// when the upload has failed for good.
  ///
  /// Never throws: the outcome is in the meter's ``UploadMeter/ended``. Cancelling the task, or the meter, ends the
  /// upload with ``UploadOutcome/cancelled``, unless it is complete by then: the server has reported success, and the
  /// digest in its response, if there is one, has been compared.
  /// - Parameters:
  ///   - mode: any but `raw`, which fails with `badValue`. With ``UploadClientConfiguration/resume``, `stream` becomes
  ///     `resumable` for large files and streams where the server supports that; `resumable` fails where it does not.
  ///   - id: the upload's id in the ledger; each upload needs its own.
  ///   - group: the tree that it belongs to, stated in the requests; nil for none.
  ///   - onBegin: called once, when the upload is in the ledger and can be cancelled there. An upload whose source or
  ///     configuration cannot be used has ended by then.
  /// - Returns: the upload's meter, begun and ended in the ledger.
  @discardableResult
  package func send(
    _ source: UploadSource,
    to target: SendTarget,
    mode: UploadMode,
    id: UploadID = UploadID(),
    group: UploadGroup? = nil,
    onBegin: @Sendable (UploadMeter) -> Void = { _ in }
  ) async -> UploadMeter {
    let cancellation = Cancellation()
    return await withTaskCancellationHandler {
      let (opened, detectedType) = await open(source)
      let size = (try? opened.get())?.size
      let request = Result { () throws(UploadError) in
        try UploadRequest(
          target: target,
          mode: mode,
          name: source.name,
          size: size,
          detectedType: detectedType,
          details: TreeDetails(remotePath: source.remotePath, modified: source.modified, group: group),
          configuration: resources.configuration
        )
      }
      let meter = UploadMeter(
        id: id,
        direction: .outgoing,
        mode: mode,
        // A file's name may contain any bytes: the server receives them unchanged, observers get a text that is safe to show.
        name: PlainText.sanitized(source.remotePath ?? source.name),
        size: size,
        remote: target.authority,
        path: source.path,
        declaredType: (try? request.get())?.contentType,
        group: group,
        maxAttempts: resources.configuration.retry.maxAttempts
      )
      meter.detectedType = detectedType
      meter.onCancel { cancellation.cancel() }
      var attempt: UploadAttempt
      do throws(UploadError) {
        // The file's error first: it does not depend on the configuration.
        let file = try opened.get()
        let request = try request.get()
        let connector = try resources.configuration.connector(to: target)
        attempt = UploadAttempt(
          request: request,
          content: BodyContent(file, copies: connector.isEncrypted, atMost: resources.limiter?.chunkSize),
          target: target,
          connector: connector,
          meter: meter,
          cancellation: cancellation,
          resources: resources
        )
      } catch {
        ledger.end(meter, cancellation.isCancelled ? .cancelled : .failed(error))
        onBegin(meter)
        return meter
      }
      ledger.begin(meter)
      onBegin(meter)
      await run(&attempt, source)
      return meter
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Sends several sources, at most `jobs` of them at once, and starts them in the given order.
  ///
  /// A failed upload does not delay the others. When the task is cancelled, the uploads that are not complete end with
  /// ``UploadOutcome/cancelled``, also those that have not begun.
  /// - Parameter jobs: uploads at once; less than 1 counts as 1.
  /// - Returns: the meters, in the order of `sources`.
  @discardableResult
  package func sendAll(
    _ sources: [UploadSource],
    to target: SendTarget,
    mode: UploadMode,
    jobs: Int
  ) async -> [UploadMeter] {
    await withTaskGroup(of: (Int, UploadMeter).self) { group in
      var meters = [UploadMeter?](repeating: nil, count: sources.count)
      for (index, source) in sources.enumerated() {
        if index >= max(1, jobs), let (done, meter) = await group.next() { meters[done] = meter }
        group.addTask {
          let meter = await send(source, to: target, mode: mode)
          return (index, meter)
        }
      }
      for await (done, meter) in group { meters[done] = meter }
      return meters.compactMap { $0 }
    }
  }

  /// Opens a source and reads its first bytes for the media type that they show, nil for none.
  private func open(_ source: UploadSource) async -> (source: Result<OpenedSource, UploadError>, type: String?) {
    do throws(UploadError) {
      let (opened, type) = try await resources.onPool {
        let opened = try source.open()
        return (opened, try opened.detectedType())
      }
      return (.success(opened), type)
    } catch {
      return (.failure(error), nil)
    }
  }

  /// Runs an upload that is in the ledger to its end.
  /// - Parameter attempt: the first attempt; then the current one.
  private func run(_ attempt: inout UploadAttempt, _ source: UploadSource) async {
    let meter = attempt.meter
    let outcome: UploadOutcome
    do throws(UploadError) {
      let finished = try await finish(&attempt, source)
      meter.addStored(Int(clamping: finished.bytes))
      meter.markDurable()
      outcome = .finished(finished)
    } catch {
      outcome = attempt.cancellation.isCancelled ? .cancelled : .failed(error)
    }
    meter.removeAllMemory()
    ledger.end(meter, outcome)
  }

  /// Sends the content, in as many attempts as ``UploadClientConfiguration/retry`` allows.
  /// - Throws: the last attempt's error, with the reason why no other attempt follows.
  private func finish(
    _ attempt: inout UploadAttempt,
    _ source: UploadSource
  ) async throws(UploadError) -> FinishedUpload {
    let (meter, cancellation) = (attempt.meter, attempt.cancellation)
    try cancellation.check()
    if meter.mode == .buffered { attempt.content = try await contentInMemory(of: attempt) }
    if attempt.connector.isEncrypted {
      let (tls, connector) = (resources.tls, attempt.connector)
      attempt.connector = try await resources.onPool { try connector.withContexts(tls) }
    }
    if var upload = ResumableUpload(attempt, source, knownServers) {
      if let finished = try await upload.run() { return finished }
      attempt.content = upload.content.renewed()
    }
    var retries = RetryStateMachine(
      resources.configuration.retry,
      isRepeatable: attempt.content.isRepeatable,
      start: .now
    )
    var random = SystemRandomNumberGenerator()
    while true {
      let failed: FailedAttempt
      do throws(FailedAttempt) {
        return try await perform(&attempt)
      } catch {
        failed = error
      }
      guard !cancellation.isCancelled else { throw failed.error }
      let now = ContinuousClock.now
      let timeOfDay = Int64(time(nil))
      switch retries.failed(failed, sent: meter.received, at: now, timeOfDay: timeOfDay, using: &random) {
      case .giveUp(let reason): throw failed.error.adding(reason.note(attempts: retries.failures))
      case .pause(let duration):
        meter.pause(
          because: failed.error.event,
          attempt: retries.failures + 1,
          until: now + duration,
          cause: failed.error.retryCause
        )
        try await cancellation.sleep(duration, on: resources.eventLoopGroup.next())
        meter.beginAttempt()
        attempt.content = attempt.content.renewed()
      }
    }
  }

  /// One attempt: a request and its response; two when the server rejects the expectation.
  private func perform(_ attempt: inout UploadAttempt) async throws(FailedAttempt) -> FinishedUpload {
    var result = try await attempt.run()
    if attempt.isExpectationRejected(result) {
      attempt.request.head.headers.remove(name: "expect")
      result = try await attempt.run()
    }
    let (request, meter) = (attempt.request, attempt.meter)
    result.response.requestURI = request.head.uri
    do throws(UploadError) {
      var finished = try result.response.finishedUpload(
        ExchangeResponse.Sent(
          name: meter.name,
          bytes: meter.received,
          type: request.contentType,
          isWholeForm: request.isForm && result.isBodySent,
          hasToken: request.hasToken,
          proxy: attempt.connector.proxy,
          target: attempt.target
        )
      )
      finished.detectedType = meter.detectedType
      try await attempt.verify(finished)
      return finished
    } catch {
      throw FailedAttempt(error, result)
    }
  }

  /// Reads all of an attempt's content into memory, as buffered mode does.
  private func contentInMemory(of attempt: UploadAttempt) async throws(UploadError) -> BodyContent {
    guard let source = attempt.content.source else { return attempt.content }
    attempt.meter.phase = .disk
    defer { attempt.meter.phase = .waiting }
    return try await resources.onPool {
      BodyContent.memory(
        try FormInMemory(
          reading: source,
          framing: attempt.request.framingBytes,
          available: attempt.resources.configuration.availableMemory(),
          onBlock: { attempt.meter.add($0) },
          checkCancellation: { () throws(UploadError) in try attempt.cancellation.check() }
        )
      )
    }
  }
}
