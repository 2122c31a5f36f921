import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The content of one request that appends to an unfinished upload, on its way into the store: it is counted and
/// inspected, and its checksum is computed.
struct AppendedContent {
  let plan: AppendPlan
  private var inspector: ContentInspector
  private var digests: DigestRequest
  /// The digests that are computed while the content arrives.
  private let computed: Set<DigestAlgorithm>
  private var checksum: ChecksumComputer?
  private var check: ContentCheck
  private let modified: Int64?
  /// Of the file that is published under the name; nil for none.
  private let condition: PublishCondition?

  /// - Parameters:
  ///   - head: the request's.
  ///   - entry: the type detection continues where it ended there.
  /// - Throws: ``UploadError`` when the request's digests are invalid, or the type is not accepted.
  init(
    _ plan: AppendPlan,
    to record: UnfinishedRecord,
    _ head: HTTPRequest,
    _ entry: ResumableUploads.Entry,
    _ context: ServerContext
  ) throws(UploadError) {
    self.plan = plan
    digests = try record.digests(of: head)
    computed = context.digests.union(digests.algorithms)
    checksum = ChecksumComputer(plan)
    check = try ContentCheck(head.headerFields)
    inspector = ContentInspector(meter: entry.meter, name: record.name(entry.meter.id), limits: context.limits)
    modified = record.modified
    condition = try record.preconditions().condition(for: inspector.name.requested)
    if let type = record.detectedType {
      try inspector.resume(detected: type)
    } else if let sniffer = entry.sniffer, entry.inspected == record.offset {
      inspector.sniffer = sniffer
    } else if record.offset > 0 {
      // The store does not have the first bytes any more: see ``ResumableUploads/resumeDetection(of:on:)``.
      try inspector.resume(detected: nil)
    }
  }

  /// Computes the digests of the whole content; nil where none is needed. It has no bytes yet.
  var hash: SHAHash? { SHAHash(computed) }

  /// Whether nothing of the body counts before its checksum has been compared.
  var isProvisional: Bool { plan.checksum != nil || plan.awaitsChecksumTrailer || check.isNeeded }

  /// Inspects the next bytes, before they are stored.
  /// - Returns: whether they show the type of the content, which was not known before.
  /// - Throws: ``UploadError`` with code `tooLarge` or `unsupportedType`.
  mutating func receive(_ bytes: ByteBuffer) throws(UploadError) -> Bool {
    let wasKnown = inspector.sniffer == nil
    try inspector.inspect(bytes)
    bytes.withUnsafeReadableBytes { bytes in
      checksum?.update(bytes)
      check.update(bytes)
    }
    return !wasKnown && inspector.sniffer == nil
  }

  /// Ends the body.
  /// - Returns: whether its checksum is the stated one; nil where none is stated.
  /// - Throws: ``UploadError`` with code `badRequest` where the content differs from its `Content-Digest`, or digests or a
  ///   checksum in the trailers are invalid.
  mutating func end(_ trailers: HTTPFields?) throws(UploadError) -> Bool? {
    try check.end(trailers)
    if var trailers {
      trailers[.contentDigest] = nil
      try digests.add(trailers)
    }
    return try checksum?.matches(plan, trailers: trailers)
  }

  /// How to publish the file, of which the content is complete.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func finalizeRequest() throws(UploadError) -> FinalizeRequest {
    var request = request(try inspector.finish())
    request.late = SHAHash(digests.algorithms.subtracting(computed))
    return request
  }

  /// What the file is going to be; nil before its type is known. See ``UploadSink/announce(_:)``.
  var announcement: FinalizeRequest? { inspector.isDecided ? request(inspector.file) : nil }

  private func request(_ file: (path: FilePath, type: String)) -> FinalizeRequest {
    var request = FinalizeRequest(path: file.path, modified: modified, type: file.type, expected: digests.expected)
    request.condition = condition
    return request
  }

  /// The upload's.
  var meter: UploadMeter { inspector.meter }

  /// The state of the type detection; nil once the type is known.
  var sniffer: MediaTypeSniffer? { inspector.sniffer }

  /// Notes in the record what this request has added to it besides bytes.
  func note(in record: inout UnfinishedRecord) {
    if inspector.sniffer == nil { record.detectedType = .some(inspector.meter.detectedType) }
    record.expected = digests.expected
  }
}
