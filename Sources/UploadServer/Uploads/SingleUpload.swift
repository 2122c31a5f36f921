import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// A body that is one file: that of a streamed request, or of a raw connection. Lives on the connection's event loop.
final class SingleUpload: IncomingBody, UploadSinkDelegate {
  private enum State {
    case receiving
    /// The store failed within the call that begins the upload. The delegate is notified in the loop's next turn.
    case failing
    /// The file is being finalized. Next: ``over``.
    case storing
    case over
  }

  private let context: ServerContext
  private let condition: PublishCondition?
  private let modified: Int64?
  /// The digests that are computed while the content arrives.
  private let computed: Set<DigestAlgorithm>
  private let eventLoop: any EventLoop
  private weak var delegate: (any IncomingBodyDelegate)?
  private var inspector: ContentInspector
  private var digests: DigestRequest
  /// nil before the store has begun, and at the end.
  private var sink: (any UploadSink)?
  private var state = State.receiving
  /// The first failure in ``State/storing``, or why content is being kept: reported in place of an error of the store.
  private var failure: UploadError?

  /// Begins the upload, which is reported from now on. A store that fails at once fails it in the loop's next turn.
  /// - Parameters:
  ///   - name: the path to store it under.
  ///   - modified: the modification time to set, in seconds since 1970; nil for the time at which it is stored.
  ///   - group: the tree of files that it belongs to; nil for none.
  ///   - size: of the file in bytes; nil when it is not known.
  ///   - remote: the client's address, as events show it.
  ///   - sender: the name that the sender states; nil for none.
  ///   - declaredType: the media type that the client states; nil for none.
  ///   - digests: the digests that the content must have, and those that are to be computed.
  ///   - condition: the condition under which the file may be stored; nil for none.
  ///   - firstCheck: what is checked before the first byte is stored; nil for nothing.
  ///   - delegate: is not called before the initializer returns.
  init(
    mode: UploadMode,
    name: RequestedName = RequestedName(),
    modified: Int64? = nil,
    group: UploadGroup? = nil,
    size: UInt64? = nil,
    remote: String,
    sender: SenderName? = nil,
    declaredType: String? = nil,
    digests: DigestRequest = DigestRequest(),
    condition: PublishCondition? = nil,
    firstCheck: PublishCondition? = nil,
    delegate: any IncomingBodyDelegate
  ) {
    self.digests = digests
    self.modified = modified
    self.condition = condition
    context = delegate.server
    eventLoop = delegate.eventLoop
    self.delegate = delegate
    let meter = UploadMeter(
      direction: .incoming,
      mode: mode,
      name: name.path(type: declaredType).description,
      size: size,
      remote: remote,
      sender: sender,
      declaredType: declaredType,
      group: group
    )
    inspector = ContentInspector(meter: meter, name: name, limits: context.limits)
    computed = context.digests.union(digests.algorithms)
    context.ledger.begin(meter)
    let hash = SHAHash(computed)
    sink = context.store.begin(meter, hash: hash, condition: firstCheck, on: eventLoop, delegate: self)
    meter.cancels(self, on: eventLoop)
  }

  var hasRoom: Bool { state != .failing && (sink?.hasRoom ?? true) }

  var meter: UploadMeter? { inspector.meter }

  func receive(_ bytes: ByteBuffer) throws(UploadError) {
    guard state == .receiving else { return }
    let wasDecided = inspector.isDecided
    try inspector.inspect(bytes)
    if !wasDecided, inspector.isDecided { announce() }
    sink?.write(bytes)
  }

  private func announce() {
    let (path, type) = inspector.file
    var request = FinalizeRequest(path: path, modified: modified, type: type, expected: digests.expected)
    request.condition = condition
    sink?.announce(request)
  }

  func end(trailers: HTTPFields?) throws(UploadError) {
    guard state == .receiving, let sink else { return }
    let (path, type) = try inspector.finish()
    if let trailers { try digests.add(trailers) }
    var request = FinalizeRequest(path: path, modified: modified, type: type, expected: digests.expected)
    request.condition = condition
    // Digests that only the trailer requests are computed from the stored content.
    request.late = SHAHash(digests.algorithms.subtracting(computed))
    state = .storing
    inspector.meter.setNetworkBytes(0)
    sink.finalize(request).assumeIsolated().whenComplete { result in
      self.end(result.mapError { self.failure ?? .wrapping($0) })
    }
  }

  func fail(_ error: UploadError) {
    switch state {
    case .receiving:
      if keepContent(after: error) { return }
      sink?.abort()
      end(.failure(error))
    case .failing: end(.failure(error))
    case .storing:
      // The first failure is the one reported, and content that is to be kept is not discarded because of a later one.
      guard failure == nil else { return }
      failure = error
      sink?.abort()
    case .over: break
    }
  }

  func sinkHasRoom() {
    delegate?.bodyHasRoom()
  }

  func sinkFailed(_ error: UploadError) {
    // Once the file is being finalized, the future of `finalize` reports the failure.
    guard state == .receiving else { return }
    if sink != nil { return end(.failure(error)) }
    // The store has failed within `begin`: the delegate does not have this body yet.
    state = .failing
    eventLoop.assumeIsolated().execute { self.fail(error) }
  }

  /// Keeps the content of an interrupted upload as `NAME.partial` where that is configured, and reports `error` once it
  /// is stored. An existing file is never replaced. Content of a type that is not accepted is not kept.
  /// - Returns: false when nothing is kept.
  private func keepContent(after error: UploadError) -> Bool {
    guard context.limits.onCut == .keep, error.isInterrupted, inspector.meter.received > 0, let sink,
      let (path, _) = try? inspector.finish(),
      let partial = FileName(NameBytes(path.name.bytes.bytes + ".partial".utf8))
    else { return false }
    (state, failure) = (.storing, error)
    inspector.meter.setNetworkBytes(0)
    let kept = FilePath(directory: path.directory, name: partial)
    let request = FinalizeRequest(path: kept, modified: modified, onDuplicate: .rename)
    sink.finalize(request).assumeIsolated().whenComplete { result in
      self.end(.failure((try? result.get()).map { error.kept(as: $0.name) } ?? error))
    }
    return true
  }

  private func end(_ result: Result<StoredFile, UploadError>) {
    guard state != .over else { return }
    state = .over
    sink = nil
    context.ledger.end(inspector.meter, with: result)
    switch result {
    case .success(let file): delegate?.bodyEnded(.stored([file], fields: .settingTime(modified)))
    case .failure(let error): delegate?.bodyEnded(.failed(error))
    }
  }
}
