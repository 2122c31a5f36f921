package import NIOCore
package import NIOPosix
package import UploadCore
import UploadProtocol

/// Sends files to a server, one connection for each.
package struct Uploader: Sendable {
  let configuration: UploadClientConfiguration
  private let ledger: UploadLedger
  let eventLoopGroup: any EventLoopGroup
  private let threadPool: NIOThreadPool
  /// The limit on the rate of all uploads together; nil without one.
  private let limiter: RateLimiter?
  private let encryption = ClientTLS()

  /// - Parameters:
  ///   - ledger: every upload is put on it and taken off again.
  ///   - eventLoopGroup: connections live there; POSIX event loops, since files go out by sendfile.
  ///   - threadPool: where files are opened, read and checked; running, and its threads may block. An upload from standard
  ///     input takes one of them whenever it waits.
  package init(
    configuration: UploadClientConfiguration,
    ledger: UploadLedger,
    eventLoopGroup: any EventLoopGroup,
    threadPool: NIOThreadPool
  ) {
    self.configuration = configuration
    self.ledger = ledger
    self.eventLoopGroup = eventLoopGroup
    self.threadPool = threadPool
    limiter = configuration.rate.map { RateLimiter(bytesPerSecond: $0) }
  }

  /// Sends one source, and returns when the server has answered and the connection is closed, or when there is nothing
  /// more to hope for.
  ///
  /// Never throws: how it ended is in the meter's ``UploadMeter/ended``. Cancelling the task, or the meter, ends the upload
  /// with ``UploadOutcome/cancelled``, unless the server has taken it and what it told has been
  /// compared by then.
  /// - Parameters:
  ///   - id: what the upload is to be called.
  ///   - onBegin: hears of the upload once it is on the ledger; from then on it can be cancelled there. A source that cannot
  ///     be opened has failed by then.
  /// - Returns: the upload's meter, begun and ended in the ledger.
  @discardableResult
  package func send(
    _ source: UploadSource,
    to target: SendTarget,
    mode: UploadMode,
    id: UploadID = UploadID(),
    onBegin: @Sendable (UploadMeter) -> Void = { _ in }
  ) async -> UploadMeter {
    let cancellation = UploadCancellation()
    return await withTaskCancellationHandler {
      let opened = await open(source)
      return await send(
        source,
        opened.source,
        opened.type,
        to: target,
        mode: mode,
        id: id,
        onBegin: onBegin,
        cancellation: cancellation
      )
    } onCancel: {
      cancellation.cancel()
    }
  }

  private func send(
    _ source: UploadSource,
    _ opened: Result<OpenedSource, UploadError>,
    _ detectedType: String?,
    to target: SendTarget,
    mode: UploadMode,
    id: UploadID,
    onBegin: (UploadMeter) -> Void,
    cancellation: UploadCancellation
  ) async -> UploadMeter {
    let size = (try? opened.get())?.size
    let request = Result { () throws(UploadError) in
      try UploadRequest(
        .init(
          target: target,
          mode: mode,
          name: source.name,
          size: size,
          detectedType: detectedType,
          configuration: configuration
        )
      )
    }
    let meter = UploadMeter(
      id: id,
      direction: .outgoing,
      mode: mode,
      // Names of files may hold anything; the server gets this one as it is, faces get it fit to be shown.
      name: PlainText.sanitized(source.name),
      size: size,
      remote: target.authority,
      declaredType: (try? request.get())?.contentType
    )
    meter.detectedType = detectedType
    meter.onCancel { cancellation.cancel() }
    let ready: (source: OpenedSource, request: UploadRequest)
    do throws(UploadError) {
      ready = (try opened.get(), try request.get())
    } catch {
      ledger.fail(meter, cancellation.isCancelled ? .cancelled : .failed(error))
      onBegin(meter)
      return meter
    }
    ledger.begin(meter)
    onBegin(meter)
    do throws(UploadError) {
      let finished = try await upload(ready.source, ready.request, to: target, meter: meter, cancellation: cancellation)
      meter.addStored(Int(clamping: finished.bytes))
      meter.markDurable()
      end(meter, .finished(finished))
    } catch {
      end(meter, cancellation.isCancelled ? .cancelled : .failed(error))
    }
    return meter
  }

  /// Opens a source and looks what it is.
  private func open(_ source: UploadSource) async -> (source: Result<OpenedSource, UploadError>, type: String?) {
    do throws(UploadError) {
      let (opened, type) = try await onPool {
        let opened = try source.open()
        return (opened, try opened.detectedType())
      }
      return (.success(opened), type)
    } catch {
      return (.failure(error), nil)
    }
  }

  private func end(_ meter: UploadMeter, _ outcome: UploadOutcome) {
    meter.letGoOfAll()
    ledger.end(meter, outcome)
  }

  /// Compares the digest that the server tells, where it tells one, with that of what was sent.
  func verify(
    _ finished: FinishedUpload,
    _ content: BodyContent,
    _ cancellation: UploadCancellation
  ) async throws(UploadError) {
    guard let told = finished.sha256.flatMap({ ContentDigests(sha256Text: $0) }) else { return }
    let isCancelled: @Sendable () -> Bool = { cancellation.isCancelled }
    let sent = try await onPool { try content.digests(isCancelled: isCancelled) }
    guard sent != told else { return }
    throw UploadError(
      .contentMismatch,
      "The server stored another content: the SHA-256 it tells is not that of what was sent. Send the file again."
    )
  }

  /// The way to a target; nothing is connected yet.
  func connection(to target: SendTarget) async throws(UploadError) -> UploadConnection {
    let encryption = encryption
    return UploadConnection(
      target: target,
      encryption: target.isSecure ? try await onPool { try encryption.context(target.trust) } : nil,
      connectTimeout: configuration.connectTimeout,
      eventLoopGroup: eventLoopGroup
    )
  }

  func job(_ request: UploadRequest, _ content: BodyContent, _ meter: UploadMeter, to target: SendTarget) -> UploadJob {
    UploadJob(
      request: request,
      content: content,
      meter: meter,
      configuration: configuration,
      isSecure: target.isSecure,
      limiter: limiter,
      threadPool: threadPool
    )
  }

  /// What the connection is to send; in buffered mode after reading all of it.
  func content(
    of source: OpenedSource,
    _ request: UploadRequest,
    _ target: SendTarget,
    meter: UploadMeter,
    cancellation: UploadCancellation
  ) async throws(UploadError) -> BodyContent {
    guard meter.mode == .buffered else {
      if source.regular == nil { return .stream(source, StreamReader(source, atMost: limiter?.pieceSize)) }
      return target.isSecure ? .copied(source, PieceReader(source)) : .file(source)
    }
    let availableMemory = configuration.availableMemory
    return .memory(
      try await onPool {
        try FormInMemory(
          reading: source,
          framing: request.prefix.count + request.suffix.count,
          available: availableMemory(),
          holding: { meter.hold($0) },
          isCancelled: { cancellation.isCancelled }
        )
      }
    )
  }

  /// Runs what may block on the thread pool.
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
