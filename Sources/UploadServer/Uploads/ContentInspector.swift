import NIOCore
import UploadCore
import UploadProtocol

/// Inspects the content of one upload as it arrives: counts its bytes in the meter, enforces the size limit, detects
/// the type from the first bytes, and rejects types that are not accepted. After these first bytes it costs one
/// addition and two comparisons per chunk.
struct ContentInspector {
  let meter: UploadMeter
  let name: RequestedName
  let limits: UploadLimits
  /// Detects the type; nil once that is done.
  var sniffer: MediaTypeSniffer? = MediaTypeSniffer()
  /// The path and the media type to store it with; nil before the type is detected.
  private var resolved: (path: FilePath, type: String)?

  init(meter: UploadMeter, name: RequestedName, limits: UploadLimits) {
    (self.meter, self.name, self.limits) = (meter, name, limits)
  }

  /// Takes the type that the first bytes have shown to an earlier request, perhaps for another name or another server;
  /// nil for an unknown one.
  /// - Throws: ``UploadError`` with code `unsupportedType` where such content is not accepted.
  mutating func resume(detected type: String?) throws(UploadError) {
    try check(type)
  }

  /// Inspects the next bytes. Call it before they are stored.
  /// - Throws: ``UploadError`` with code `tooLarge` or `unsupportedType`: the upload has to be rejected.
  mutating func inspect(_ bytes: ByteBuffer) throws(UploadError) {
    meter.addReceived(bytes.readableBytes)
    if let limit = limits.maxSize, meter.received > limit.bytes { throw .tooLarge(limit: limit) }
    guard case .known(let type) = sniffer?.append(bytes.readableBytesView) else { return }
    try check(type)
  }

  /// Whether the type has been detected, or found to be none that is known: then ``file`` does not change any more.
  var isDecided: Bool { sniffer == nil }

  /// The path and the media type to store the content with, as far as they are known.
  var file: (path: FilePath, type: String) { resolved ?? name.resolved(for: meter) }

  /// Ends the content, which may be empty: detects its type, unless that is done.
  /// - Returns: the path and the media type to store it with.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func finish() throws(UploadError) -> (path: FilePath, type: String) {
    if var sniffer { try check(sniffer.finish()) }
    return file
  }

  private mutating func check(_ type: String?) throws(UploadError) {
    sniffer = nil
    meter.detectedType = type
    let resolved = name.resolved(for: meter)
    self.resolved = resolved
    guard !limits.types.acceptsAll else { return }
    let named = MediaTypeNames.best(detected: type, declared: nil, fileName: resolved.path.name.description)
    try limits.types.check(detected: type, stored: resolved.type, named: named ?? MediaTypeNames.unknown)
  }
}

/// The path to store an upload under: the requested one, or a generated name with the extension of the content's type.
struct RequestedName {
  /// The path that the request states, made safe, in the directory of its sender; nil when it states none that can be
  /// used.
  let requested: FilePath?
  /// Where a file with a generated name is stored.
  private let directory: DirectoryPath
  /// A generated name without its extension; nil where none is needed.
  private let generated: String?

  /// - Parameters:
  ///   - requested: complete, with the sender's directory if it has one; nil when the request states no path that can be
  ///     used.
  ///   - id: distinguishes generated names.
  ///   - directory: of the sender; nil for the upload directory itself.
  init(
    requested: FilePath? = nil,
    id: @autoclosure () -> UploadID = UploadID(),
    generatedIn directory: FileName? = nil
  ) {
    self.requested = requested
    self.directory = DirectoryPath(components: directory.map { [$0] } ?? [])
    generated = requested == nil ? "upload-\(id())" : nil
  }

  /// The path below the directory of the sender.
  /// - Parameter directory: nil where senders have none.
  /// - Throws: ``UploadError`` with code `badRequest` where the path becomes too deep or too long.
  init(requested: FilePath?, in directory: FileName?) throws(UploadError) {
    var path = requested
    if let directory { path = try requested?.below(directory) }
    self.init(requested: path, generatedIn: directory)
  }

  /// The requested path whatever the type, otherwise a generated name such as `upload-ID.png`.
  /// - Parameter type: the content's media type; nil, and a type without a usual extension, give `bin`.
  func path(type: String?) -> FilePath {
    if let requested { return requested }
    let suffix = type.flatMap { MediaTypeNames.fileExtension(forType: $0) } ?? "bin"
    let name = generated.flatMap { FileName("\($0).\(suffix)") } ?? FileName.fallback
    return FilePath(directory: directory, name: name)
  }

  /// The path and the media type for the content whose detected and declared type `meter` has. The type is chosen from
  /// these two and that of the name by ``MediaTypeNames/best(detected:declared:fileName:)``; where none is known, it is
  /// `application/octet-stream`.
  func resolved(for meter: UploadMeter) -> (path: FilePath, type: String) {
    let (detected, declared) = (meter.detectedType, meter.declaredType)
    let name = path(type: declared).name.description
    let type = MediaTypeNames.best(detected: detected, declared: declared, fileName: name) ?? MediaTypeNames.unknown
    return (path(type: type), type)
  }
}
