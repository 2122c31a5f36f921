package import NIOCore
package import NIOPosix
package import UploadCore

/// Sends files to a server, each on a connection of its own.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it:
///
/// | folder | contents |
/// |---|---|
/// | `Configuration` | what callers set: options, header fields, targets, trust, retries |
/// | `Source` | the files, streams and forms in memory that are sent |
/// | `Exchange` | connecting, TLS, one request and its response: state machines, channel handlers, HTTP |
/// | the top | ``Uploader``, and ``OutgoingUpload``, which runs the attempts of one upload |
package struct Uploader: Sendable {
  private let resources: ClientResources
  private let ledger: UploadLedger

  /// - Parameters:
  ///   - ledger: lists every upload from its start to its end.
  ///   - eventLoopGroup: runs the connections; POSIX event loops, since files are sent by sendfile.
  ///   - threadPool: opens, reads and checks files; it must be running, and its threads may block. An upload from standard
  ///     input occupies one of them while it waits for input.
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

  /// Sends one source, and returns when the server has responded and the connection is closed, or when the upload has failed
  /// for good.
  ///
  /// Never throws: the outcome is in the meter's ``UploadMeter/ended``. Cancelling the task, or the meter, ends the upload
  /// with ``UploadOutcome/cancelled``, unless the server has reported success and its digest has been compared by then.
  /// - Parameters:
  ///   - id: the upload's id in the ledger.
  ///   - onBegin: called once the upload is in the ledger, where it can be cancelled from then on. A source that cannot be
  ///     opened has failed by then.
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
      let (opened, detectedType) = await open(source)
      let size = (try? opened.get())?.size
      let request = Result { () throws(UploadError) in
        try UploadRequest(
          target: target,
          mode: mode,
          name: source.name,
          size: size,
          detectedType: detectedType,
          configuration: resources.configuration
        )
      }
      let meter = UploadMeter(
        id: id,
        direction: .outgoing,
        mode: mode,
        // A file's name may contain any bytes: the server receives them unchanged, observers get a text that is safe to show.
        name: PlainText.sanitized(source.name),
        size: size,
        remote: target.authority,
        declaredType: (try? request.get())?.contentType
      )
      meter.detectedType = detectedType
      meter.onCancel { cancellation.cancel() }
      let upload: OutgoingUpload
      do throws(UploadError) {
        upload = OutgoingUpload(
          source: try opened.get(),
          request: try request.get(),
          target: target,
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
      await run(upload)
      return meter
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Sends several sources, at most `jobs` of them at once, and starts them in the given order.
  ///
  /// A failed upload does not delay the others. When the task is cancelled, the running uploads and those that have not begun
  /// end with ``UploadOutcome/cancelled``.
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
        group.addTask { (index, await send(source, to: target, mode: mode)) }
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
  private func run(_ upload: OutgoingUpload) async {
    let meter = upload.meter
    let outcome: UploadOutcome
    do throws(UploadError) {
      let finished = try await upload.run()
      meter.addStored(Int(clamping: finished.bytes))
      meter.markDurable()
      outcome = .finished(finished)
    } catch {
      outcome = upload.cancellation.isCancelled ? .cancelled : .failed(error)
    }
    meter.removeAllMemory()
    ledger.end(meter, outcome)
  }
}
