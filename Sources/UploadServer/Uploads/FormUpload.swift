import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// A body that is a form: each of its files is an upload of its own, and all are stored together or not at all.
final class FormUpload: IncomingBody, UploadSinkDelegate {
  /// One file part.
  private struct Part {
    let meter: UploadMeter
    let name: RequestedName
    let expected: ContentDigests
    let condition: PublishCondition?
    var inspector: ContentInspector
    var sink: (any UploadSink)?
    var staged: (any StagedFile)?
  }

  private enum State {
    case receiving, storing, over
  }

  /// Parts being written out and synced while the next arrive; more would let memory grow with the number of files.
  private static let stagingAtOnce = 8

  private let context: ServerContext
  private let request: UploadID
  /// They hold for each of its files.
  private let preconditions: Preconditions
  private let length: BodyLength
  private let remote: String
  private let closingLength: Int
  private let eventLoop: any EventLoop
  private weak var delegate: (any IncomingBodyDelegate)?
  private var parser: MultipartParser
  private var parts: [Part] = []
  private var staging = 0
  private var state = State.receiving
  /// A file has begun.
  private(set) var hasUploads = false
  /// No file has begun; see ``ServerContext/emptyForms``.
  private var isEmpty = true

  init(
    boundary: MultipartBoundary,
    preconditions: Preconditions,
    length: BodyLength,
    remote: String,
    context: ServerContext,
    eventLoop: any EventLoop,
    delegate: any IncomingBodyDelegate
  ) {
    self.context = context
    request = UploadID()
    self.preconditions = preconditions
    self.length = length
    self.remote = remote
    closingLength = boundary.closingDelimiterLength
    self.eventLoop = eventLoop
    self.delegate = delegate
    parser = MultipartParser(boundary: boundary, limits: context.limits.form)
    context.emptyForms.add(1)
  }

  var hasRoom: Bool {
    staging < Self.stagingAtOnce && (parts.last?.sink?.hasRoom ?? true)
  }

  func receive(_ bytes: ByteBuffer) {
    guard state == .receiving else { return }
    parts.last?.meter.noteNetwork(bytes)
    parser.append(bytes)
    do throws(UploadError) {
      while state == .receiving, let event = try parser.next() { try handle(event) }
    } catch {
      fail(error)
    }
  }

  func noteLimit(_ isHeldBack: Bool) {
    parts.last?.meter.noteLimit(isHeldBack)
  }

  func end(trailers: HTTPFields?) {
    guard state == .receiving else { return }
    do throws(UploadError) {
      try parser.finish()
      guard !parts.isEmpty else {
        throw UploadError(.noFile, "The form has no file in it. Send at least one part that has a filename.")
      }
    } catch {
      return fail(error)
    }
    state = .storing
    parts.last?.meter.phase = .finishing
    publishWhenStaged()
  }

  func fail(_ error: UploadError) {
    guard state != .over else { return }
    // While the files get their names it is too late: that succeeds or fails, and the result is reported then.
    guard !(state == .storing && staging == 0) else { return }
    over(.failure(error))
  }

  func sinkHasRoom() {
    tellRoom()
  }

  func sinkFailed(_ error: UploadError) {
    fail(error)
  }

  // MARK: Parts

  private func handle(_ event: MultipartEvent) throws(UploadError) {
    switch event {
    case .partBegan(let head): try begin(head)
    case .body(let bytes): try take(bytes)
    case .partEnded: try stageLast()
    case .ended: break
    }
  }

  private func begin(_ head: MultipartPartHead) throws(UploadError) {
    // The first takes the place that the form was let in for.
    fill()
    if let error = context.uploadRejection { throw error }
    // What waits for the rest of the request is this part's from here on.
    parts.last?.meter.phase = .finishing
    let declared = head.contentType.flatMap(MediaTypeNames.essence)
    try context.limits.types.check(declared: declared)
    let requested = head.filename.flatMap { FileName(formFilename: $0) }
    let name = RequestedName(requested)
    let condition = preconditions.condition(for: requested)
    let meter = UploadMeter(
      request: request,
      direction: .incoming,
      mode: .multipart,
      name: name.fileName(type: declared).description,
      size: head.contentLength ?? mostLeft,
      sizeExact: head.contentLength != nil,
      remote: remote,
      declaredType: declared
    )
    context.ledger.begin(meter)
    hasUploads = true
    let hash = context.hash(for: DigestRequest(expected: head.digests))
    // Before the store begins: it may fail within that call, which ends the form and the meters of all its parts.
    parts.append(
      Part(
        meter: meter,
        name: name,
        expected: head.digests,
        condition: condition,
        inspector: ContentInspector(meter, name: name, rules: context.limits.types)
      )
    )
    let sink = context.store.begin(meter, hash: hash, condition: condition, on: eventLoop, delegate: self)
    guard state == .receiving else { return }
    parts[parts.count - 1].sink = sink
    // A form is stored whole or not at all, so that cancelling one of its files ends it.
    meter.cancels(self, on: eventLoop)
  }

  /// The most a part that begins now can be: what is left of the request less the closing delimiter and the line end
  /// that every known client puts behind it. For a form with one file that is its size.
  private var mostLeft: UInt64? {
    guard let total = length.bytes else { return nil }
    let framing = parser.bytesConsumed + UInt64(closingLength + 2)
    return total > framing ? total - framing : 0
  }

  /// The form counts by its files from here on.
  private func fill() {
    guard isEmpty else { return }
    isEmpty = false
    context.emptyForms.add(-1)
  }

  private func take(_ bytes: ByteBuffer) throws(UploadError) {
    guard let part = parts.last else { return }
    part.meter.addReceived(bytes.readableBytes)
    if let limit = context.limits.maxSize, part.meter.received > limit.bytes { throw .tooLarge(limit: limit) }
    try parts[parts.count - 1].inspector.inspect(bytes)
    part.sink?.write(bytes)
  }

  private func stageLast() throws(UploadError) {
    let index = parts.count - 1
    guard index >= 0, let sink = parts[index].sink else { return }
    try parts[index].inspector.finish()
    let part = parts[index]
    part.meter.setNetworkBytes(0)
    staging += 1
    let (name, type) = part.name.resolved(for: part.meter)
    sink.stage(FinalizeRequest(name: name, type: type, expected: part.expected, condition: part.condition))
      .assumeIsolated()
      .whenComplete { self.staged(index, $0) }
  }

  private func staged(_ index: Int, _ result: Result<any StagedFile, any Error>) {
    // A store may stage a file after the abort that was to stop it.
    guard state != .over else { return context.store.discard((try? result.get()).map { [$0] } ?? []) }
    let hadRoom = hasRoom
    staging -= 1
    parts[index].sink = nil
    switch result {
    case .success(let file):
      parts[index].staged = file
      // The file is complete, the request is not: the phase shows that the server waits for the client.
      if state == .receiving, index == parts.count - 1 { file.meter.phase = .peer }
      publishWhenStaged()
      if !hadRoom { tellRoom() }
    case .failure(let error): over(.failure(.wrapping(error)))
    }
  }

  private func tellRoom() {
    if state == .receiving, hasRoom { delegate?.bodyHasRoom() }
  }

  // MARK: The end

  private func publishWhenStaged() {
    guard state == .storing, staging == 0 else { return }
    context.store.publish(parts.compactMap(\.staged), on: eventLoop)
      .assumeIsolated()
      .whenComplete { result in
        self.over(result.mapError { .wrapping($0) })
      }
  }

  private func over(_ result: Result<[StoredFile], UploadError>) {
    guard state != .over else { return }
    state = .over
    fill()
    switch result {
    case .success(let files):
      for (part, file) in zip(parts, files) {
        context.ledger.end(part.meter, .finished(file.finished(part.meter)))
      }
    case .failure(let error):
      parts.forEach { $0.sink?.abort() }
      context.store.discard(parts.compactMap(\.staged))
      parts.forEach { context.ledger.end($0.meter, error.outcome) }
    }
    parts = []
    delegate?.bodyEnded(result)
  }
}
