import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The request whose body a ``ContentWriter`` stores. Called on its event loop.
protocol ContentWriterDelegate: AnyObject {
  /// The writer has room for more bytes.
  func contentHasRoom()
  /// Decides about the next bytes before they are stored.
  /// - Returns: whether to store them; otherwise the request continues without them.
  func mayStore(_ bytes: ByteBuffer) -> Bool
  /// The first bytes show the type of the content: after a crash they cannot be inspected again.
  /// - Parameter note: notes the type in the record.
  func typeDetected(_ note: @escaping @Sendable (inout UnfinishedRecord) -> Void)
  /// The body is complete.
  /// - Parameter checksumMatches: as for ``ResumableExchange/bodyEnded(checksumMatches:)``.
  func contentEnded(checksumMatches: Bool?)
  /// The body cannot be stored: its content is rejected.
  func contentRejected(_ error: UploadError)
  /// The store has failed while the body was stored.
  func storeFailed(_ error: UploadError)
}

/// The body of one request on its way into an unfinished upload: it is queued until the upload is ready, and then stored
/// as it arrives. Lives on the connection's event loop.
final class ContentWriter: UploadSinkDelegate {
  enum State {
    /// The upload is not ready, and the body is queued. Next: all others.
    case preparing
    /// The body is stored as it arrives. Next: all but ``preparing``.
    case appending
    /// The body is over, and its bytes are being recorded or deleted.
    case ending
    /// The file is being published. Next: ``ending``, ``over``.
    case publishing
    case over
  }

  private(set) var state = State.preparing
  /// The request's; nil before the body is stored: failures of a resumable upload are never reported by the session.
  private(set) var meter: UploadMeter?
  private weak var delegate: (any ContentWriterDelegate)?
  private var input = QueuedInput()
  private var content: AppendedContent?
  private var sink: (any AppendSink)?
  /// Why the store has failed within the call that begins to append; nil when it has not.
  private var failure: UploadError?

  init(for delegate: any ContentWriterDelegate) {
    self.delegate = delegate
  }

  // MARK: Input

  /// Whether there is room for more bytes. There is none while they are queued.
  var hasRoom: Bool {
    switch state {
    case .preparing: false
    case .appending: sink?.hasRoom ?? true
    case .ending, .publishing, .over: true
    }
  }

  /// Whether bytes have arrived that are not stored yet, because the upload is not ready.
  var hasQueued: Bool { !input.isEmpty }

  func receive(_ bytes: ByteBuffer) {
    switch state {
    case .preparing: input.append(bytes)
    case .appending: write(bytes)
    case .ending, .publishing, .over: break
    }
  }

  func end(_ trailers: HTTPFields?) {
    switch state {
    case .preparing: input.append(.complete(trailers: trailers))
    case .appending: endBody(trailers)
    case .ending, .publishing, .over: break
    }
  }

  // MARK: Storing

  /// Begins to store the body, and first what is queued.
  /// - Parameter begun: is called before that.
  /// - Throws: ``UploadError`` when the request's digests are invalid, its content is not accepted, or the store fails
  ///   at once.
  func begin(_ plan: AppendPlan, of upload: RequestedUpload, begun: () -> Void) throws(UploadError) {
    let content = try upload.content(plan)
    (self.content, meter) = (content, content.meter)
    sink = upload.append(content, self)
    if let failure { throw failure }
    if let request = content.announcement { sink?.announce(request) }
    state = .appending
    begun()
    while state == .appending, let bytes = input.removeFirst() { write(bytes) }
    if state == .appending, case .complete(let trailers) = input.removeEnd() { return endBody(trailers) }
    if state == .appending, hasRoom { delegate?.contentHasRoom() }
  }

  private func write(_ bytes: ByteBuffer) {
    guard delegate?.mayStore(bytes) == true else { return }
    do throws(UploadError) {
      if try content?.receive(bytes) == true, let content {
        if let request = content.announcement { sink?.announce(request) }
        if !content.isProvisional { delegate?.typeDetected { content.note(in: &$0) } }
      }
    } catch {
      delegate?.contentRejected(error)
      return
    }
    sink?.write(bytes)
  }

  private func endBody(_ trailers: HTTPFields?) {
    meter?.setNetworkBytes(0)
    do throws(UploadError) {
      let matches = try content?.end(trailers)
      delegate?.contentEnded(checksumMatches: matches ?? nil)
    } catch {
      delegate?.contentRejected(error)
    }
  }

  func sinkHasRoom() {
    if state == .appending { delegate?.contentHasRoom() }
  }

  func sinkFailed(_ error: UploadError) {
    switch state {
    // Within the call that begins to append.
    case .preparing: failure = error
    case .appending: delegate?.storeFailed(error)
    // The future of that step reports the failure.
    case .ending, .publishing, .over: break
    }
  }

  // MARK: The end

  /// Ends the body: what has arrived is synced and recorded with the upload.
  func record(in upload: RequestedUpload) -> EventLoopFuture<Void>.Isolated? {
    state = .ending
    guard let sink, let content else { return nil }
    return sink.suspend()
      .assumeIsolated()
      .flatMap { offset in
        self.sink = nil
        return upload.update { content.note(in: &$0) }
          .map { _ in upload.recorded(offset, content.sniffer) }
          .nonisolated()
      }
  }

  /// Ends the body because its request is interrupted: as ``record(in:)``, but nothing counts of a body that was to be
  /// compared with its checksum.
  func recordInterrupted(in upload: RequestedUpload) -> EventLoopFuture<Void>.Isolated? {
    if content?.isProvisional == true { abort() }
    return record(in: upload)
  }

  /// Publishes the file, which the body completes.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  func publish() throws(UploadError) -> EventLoopFuture<StoredFile>.Isolated? {
    guard let sink, let request = try content?.finalizeRequest() else { return nil }
    state = .publishing
    return sink.finalize(request)
      .assumeIsolated()
      .map { file in
        self.sink = nil
        return file
      }
  }

  /// Cancels the publishing, unless it is too late for that; its future reports it.
  func cancelPublishing() { sink?.abort() }

  /// Ends the body, without a promise for bytes that are not recorded.
  func abort() {
    state = .ending
    sink?.abort()
    sink = nil
  }

  /// Ends the request.
  func close() {
    abort()
    state = .over
    input.removeAll()
    (content, meter) = (nil, nil)
  }
}
