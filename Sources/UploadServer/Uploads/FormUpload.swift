import HTTPTypes
import NIOCore
import Synchronization
import UploadCore
import UploadProtocol
import UploadStorage

/// A body that is a form: each of its files is an upload of its own, and all are stored together or not at all. Lives
/// on the connection's event loop.
final class FormUpload: IncomingBody, UploadSinkDelegate {
  /// One file part.
  private struct Part {
    let meter: UploadMeter
    let expected: ContentDigests
    let condition: PublishCondition?
    var inspector: ContentInspector
    /// Where the file's content is written; nil before the store has begun, and once the file is staged.
    var sink: (any UploadSink)?
    var staged: (any StagedFile)?

    /// What the file is going to be, as far as that is known.
    var announcement: FinalizeRequest {
      let (path, type) = inspector.file
      return FinalizeRequest(path: path, type: type, expected: expected, condition: condition)
    }
  }

  private enum State {
    case receiving, storing, over
  }

  /// The most parts that are being staged while the next arrive. More would let memory grow with the number of files.
  private static let maxStaging = 8

  private let context: ServerContext
  private let request = UploadID()
  /// The preconditions of the request, which apply to each of its files.
  private let preconditions: Preconditions
  private let length: BodyLength
  /// The client's address, as events show it.
  private let remote: String
  /// The sender's name: of the request's header, otherwise of the text field before the first file; nil for none.
  private var sender: SenderName?
  /// Whether directories in the names of files are kept.
  private let keepsPaths: Bool
  /// The tree that the files belong to: the one that the request states, otherwise the form; nil before the first file.
  private var group: UploadGroup?
  /// How many bytes follow the content of a form's last file: the closing delimiter, and the CRLF that every known
  /// client sends after it.
  private let closingLength: Int
  private let eventLoop: any EventLoop
  private weak var delegate: (any IncomingBodyDelegate)?
  private var parser: MultipartParser
  /// The files of the form so far, in their order.
  private var parts: [Part] = []
  /// How many parts are being staged, at most ``maxStaging`` before reads stop.
  private var staging = 0
  private var state = State.receiving
  /// Whether the form counts in ``ServerContext/emptyForms``, as it does until its first file begins.
  private var countsAsEmpty = true

  init(
    boundary: MultipartBoundary,
    keepsPaths: Bool,
    group: UploadGroup?,
    preconditions: Preconditions,
    length: BodyLength,
    remote: String,
    sender: SenderName?,
    delegate: any IncomingBodyDelegate
  ) {
    context = delegate.server
    eventLoop = delegate.eventLoop
    self.keepsPaths = keepsPaths
    self.group = group
    self.preconditions = preconditions
    self.length = length
    (self.remote, self.sender) = (remote, sender)
    closingLength = boundary.closingDelimiterLength + 2
    self.delegate = delegate
    parser = MultipartParser(boundary: boundary, limits: context.limits.form, reportedField: "sender")
    context.emptyForms.add(1, ordering: .relaxed)
  }

  var hasRoom: Bool { staging < Self.maxStaging && (parts.last?.sink?.hasRoom ?? true) }

  var meter: UploadMeter? { parts.last?.meter }

  func receive(_ bytes: ByteBuffer) throws(UploadError) {
    guard state == .receiving else { return }
    parser.append(bytes)
    while state == .receiving, let event = try parser.next() { try handle(event) }
  }

  func end(trailers: HTTPFields?) throws(UploadError) {
    guard state == .receiving else { return }
    try parser.finish()
    if parts.isEmpty { throw UploadError(.noFile, "The form contains no file. Send a part with a filename.") }
    state = .storing
    parts.last?.meter.phase = .finishing
    publishWhenStaged()
  }

  func fail(_ error: UploadError) {
    // Publishing cannot be cancelled: it succeeds or fails, and its result is reported.
    let isPublishing = state == .storing && staging == 0
    if !isPublishing { end(.failure(error)) }
  }

  func sinkHasRoom() {
    if state == .receiving, hasRoom { delegate?.bodyHasRoom() }
  }

  func sinkFailed(_ error: UploadError) {
    fail(error)
  }

  // MARK: Parts

  private func handle(_ event: MultipartEvent) throws(UploadError) {
    switch event {
    case .field(let name): if sender == nil { sender = try SenderName(name) }
    case .partBegan(let head): try begin(head)
    case .body(let bytes):
      guard !parts.isEmpty else { return }
      let wasDecided = parts[parts.count - 1].inspector.isDecided
      try parts[parts.count - 1].inspector.inspect(bytes)
      if !wasDecided, let part = parts.last, part.inspector.isDecided { part.sink?.announce(part.announcement) }
      parts.last?.sink?.write(bytes)
    case .partEnded: try stageLast()
    case .ended: break
    }
  }

  private func begin(_ head: MultipartPartHead) throws(UploadError) {
    // The form has counted as one upload so far. From here on its files count.
    stopCountingAsEmpty()
    if let error = context.uploadRejection { throw error }
    // The client sends this part now; the part before is only being stored.
    parts.last?.meter.phase = .finishing
    let declared = head.contentType.flatMap(MediaTypeNames.essence)
    try context.limits.types.check(declared: declared)
    let requested = try head.filename.flatMap { name throws(UploadError) in
      try context.limits.paths.path(formFilename: name, keepsPath: keepsPaths)
    }
    let name = try RequestedName(requested: requested, in: context.limits.paths.directory(of: sender))
    let condition = preconditions.condition(for: name.requested)
    let meter = UploadMeter(
      request: request,
      direction: .incoming,
      mode: .multipart,
      name: name.path(type: declared).description,
      size: head.contentLength ?? mostLeft,
      sizeExact: head.contentLength != nil,
      remote: remote,
      sender: sender,
      declaredType: declared,
      group: group(of: requested)
    )
    context.ledger.begin(meter)
    let hash = SHAHash(context.digests.union(head.digests.algorithms))
    let inspector = ContentInspector(meter: meter, name: name, limits: context.limits)
    // Before the store begins: it may fail within that call, which ends the form and the meters of all its parts.
    parts.append(Part(meter: meter, expected: head.digests, condition: condition, inspector: inspector))
    let sink = context.store.begin(meter, hash: hash, condition: condition, on: eventLoop, delegate: self)
    guard state == .receiving else { return }
    parts[parts.count - 1].sink = sink
    // A form is stored whole or not at all, so that cancelling one of its files ends the form.
    meter.cancels(self, on: eventLoop)
  }

  /// The tree that a file belongs to. A form is named after the first directory that is sent, if there is any.
  private func group(of file: FilePath?) -> UploadGroup {
    let name = file?.directory.components.first?.description
    let group = group ?? UploadGroup(id: request.description, name: name ?? "form")
    self.group = group
    return group
  }

  /// The most bytes that the content of a part which begins now can have: the rest of the request, less the end of the
  /// form. For a form with one file this is its size. nil when the length of the request is not known.
  private var mostLeft: UInt64? {
    let framing = parser.bytesConsumed + UInt64(closingLength)
    return length.bytes.map { $0 > framing ? $0 - framing : 0 }
  }

  private func stopCountingAsEmpty() {
    if countsAsEmpty { context.emptyForms.subtract(1, ordering: .relaxed) }
    countsAsEmpty = false
  }

  /// Ends the content of the last part and stages its file.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  private func stageLast() throws(UploadError) {
    let index = parts.count - 1
    guard let part = parts.last, let sink = part.sink else { return }
    _ = try parts[index].inspector.finish()
    part.meter.setNetworkBytes(0)
    staging += 1
    sink.stage(parts[index].announcement)
      .assumeIsolated()
      .whenComplete { self.staged(index, $0) }
  }

  private func staged(_ index: Int, _ result: Result<any StagedFile, any Error>) {
    // A store may stage a file although it was aborted before.
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
      if !hadRoom { sinkHasRoom() }
    case .failure(let error): end(.failure(.wrapping(error)))
    }
  }

  // MARK: The end

  private func publishWhenStaged() {
    guard state == .storing, staging == 0 else { return }
    context.store.publish(parts.compactMap(\.staged), on: eventLoop).assumeIsolated().whenComplete { result in
      self.end(result.mapError { .wrapping($0) })
    }
  }

  private func end(_ result: Result<[StoredFile], UploadError>) {
    guard state != .over else { return }
    state = .over
    stopCountingAsEmpty()
    switch result {
    case .success(let files):
      for (part, file) in zip(parts, files) { context.ledger.end(part.meter, with: .success(file)) }
    case .failure(let error):
      parts.forEach { $0.sink?.abort() }
      context.store.discard(parts.compactMap(\.staged))
      parts.forEach { context.ledger.end($0.meter, with: .failure(error)) }
    }
    delegate?.bodyEnded(BodyOutcome(result))
  }
}
