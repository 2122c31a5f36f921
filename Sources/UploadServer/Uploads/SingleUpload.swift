import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// A body that is one file: a streamed request's, or a raw connection's.
final class SingleUpload: IncomingBody, UploadSinkDelegate {
  private enum State {
    case receiving, storing, over
  }

  private let context: ServerContext
  private let meter: UploadMeter
  private let name: RequestedName
  private var inspector: ContentInspector
  private var digests: DigestRequest
  private let condition: PublishCondition?
  private weak var delegate: (any IncomingBodyDelegate)?
  private var sink: (any UploadSink)?
  private var state = State.receiving
  /// Why it is to fail although its bytes were complete.
  private var failure: UploadError?

  /// Begins the upload that `meter` counts.
  /// - Parameters:
  ///   - digests: what the request says and wants of them.
  ///   - condition: what must hold of the file that has the name.
  init(
    _ meter: UploadMeter,
    name: RequestedName,
    digests: DigestRequest = DigestRequest(),
    condition: PublishCondition? = nil,
    context: ServerContext,
    eventLoop: any EventLoop,
    delegate: any IncomingBodyDelegate
  ) {
    self.meter = meter
    self.name = name
    self.digests = digests
    self.condition = condition
    inspector = ContentInspector(meter, name: name, rules: context.limits.types)
    self.context = context
    self.delegate = delegate
    context.ledger.begin(meter)
    sink = context.store.begin(
      meter,
      hash: context.hash(for: digests),
      condition: condition,
      on: eventLoop,
      delegate: self
    )
    meter.cancels(self, on: eventLoop)
  }

  var hasRoom: Bool { sink?.hasRoom ?? true }

  var hasUploads: Bool { true }

  func receive(_ bytes: ByteBuffer) {
    guard state == .receiving else { return }
    meter.noteNetwork(bytes)
    meter.addReceived(bytes.readableBytes)
    if let limit = context.limits.maxSize, meter.received > limit.bytes { return fail(.tooLarge(limit: limit)) }
    do throws(UploadError) {
      try inspector.inspect(bytes)
    } catch {
      return fail(error)
    }
    sink?.write(bytes)
  }

  func end(trailers: HTTPFields?) {
    guard state == .receiving, let sink else { return }
    let known = digests
    do throws(UploadError) {
      try inspector.finish()
      if let trailers { try digests.add(trailers) }
    } catch {
      return fail(error)
    }
    state = .storing
    meter.setNetworkBytes(0)
    let (name, type) = name.resolved(for: meter)
    // What only the trailer asks for has to be computed of what is stored.
    let late = digests.algorithms.subtracting(context.algorithms(for: known))
    let request = FinalizeRequest(
      name: name,
      type: type,
      expected: digests.expected,
      late: SHAHash(late),
      condition: condition
    )
    sink.finalize(request)
      .map { [$0] }
      .assumeIsolated()
      .whenComplete { self.finish($0) }
  }

  func noteLimit(_ isHeldBack: Bool) {
    meter.noteLimit(isHeldBack)
  }

  func fail(_ error: UploadError) {
    switch state {
    case .receiving where keepsBytes(after: error): keepBytes(after: error)
    case .receiving:
      sink?.abort()
      over(.failure(error))
    case .storing:
      // Bytes that are to be kept are, whatever else goes wrong.
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
    // Once storing has begun its future tells.
    if state == .receiving { over(.failure(error)) }
  }

  private func keepsBytes(after error: UploadError) -> Bool {
    guard context.limits.onCut == .keep, error.isInterrupted, meter.received > 0 else { return false }
    // A type that is not accepted is not kept in part either.
    do throws(UploadError) {
      try inspector.finish()
      return true
    } catch {
      return false
    }
  }

  /// Stores what has arrived under a name that is not taken, whatever the configured policy; the upload has failed all the
  /// same.
  private func keepBytes(after error: UploadError) {
    let partial = NameBytes(name.resolved(for: meter).name.bytes.bytes + ".partial".utf8)
    guard let sink, let name = FileName(partial) else { return }
    (state, failure) = (.storing, error)
    meter.setNetworkBytes(0)
    sink.finalize(FinalizeRequest(name: name, onDuplicate: .rename)).assumeIsolated().whenComplete { result in
      self.over(.failure((try? result.get()).map { error.kept(as: $0.name) } ?? error))
    }
  }

  private func finish(_ result: Result<[StoredFile], any Error>) {
    switch result {
    case .success(let files): over(.success(files))
    case .failure(let error): over(.failure(failure ?? .wrapping(error)))
    }
  }

  private func over(_ result: Result<[StoredFile], UploadError>) {
    guard state != .over else { return }
    state = .over
    sink = nil
    switch result {
    case .success(let files):
      context.ledger.end(meter, files.first.map { .finished($0.finished(meter)) } ?? .cancelled)
    case .failure(let error): context.ledger.end(meter, error.outcome)
    }
    delegate?.bodyEnded(result)
  }
}
