import NIOCore
import UploadCore
import UploadProtocol

/// Detects the type of an upload from its first bytes, notes it in the meter and rejects types that are not accepted.
/// Costs one comparison for every chunk after that.
struct ContentInspector {
  private var sniffer: MediaTypeSniffer? = MediaTypeSniffer()
  private let meter: UploadMeter
  private let name: RequestedName
  private let rules: MediaTypeRules

  init(_ meter: UploadMeter, name: RequestedName, rules: MediaTypeRules) {
    self.meter = meter
    self.name = name
    self.rules = rules
  }

  /// Inspects the next bytes.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func inspect(_ bytes: ByteBuffer) throws(UploadError) {
    guard case .known(let type) = sniffer?.append(bytes.readableBytesView) else { return }
    try check(type)
  }

  /// There are no more.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func finish() throws(UploadError) {
    guard var sniffer else { return }
    try check(sniffer.finish())
  }

  private mutating func check(_ type: String?) throws(UploadError) {
    sniffer = nil
    meter.detectedType = type
    let resolved = name.resolved(for: meter)
    let named = MediaTypeNames.best(detected: type, declared: nil, fileName: resolved.name.description)
    try rules.check(detected: type, stored: resolved.type, named: named ?? MediaTypeNames.unknown)
  }
}

/// The name that an upload is to get: the requested one, or a generated name with the extension of its type, which the
/// first bytes show.
struct RequestedName {
  private let requested: FileName?
  private let stem = "upload-\(UploadID())"

  init(_ requested: FileName?) {
    self.requested = requested
  }

  /// The name for a file of a type.
  func fileName(type: String?) -> FileName {
    let ending = type.flatMap { MediaTypeNames.fileExtension(forType: $0) } ?? "bin"
    return requested ?? FileName("\(stem).\(ending)") ?? FileName.fallback
  }

  /// The final name and the type of the file that `meter` has counted.
  func resolved(for meter: UploadMeter) -> (name: FileName, type: String) {
    let guess = fileName(type: meter.declaredType)
    let type = StoredType.type(of: meter, name: guess)
    return (fileName(type: type), type)
  }
}

/// Which media type a stored file is given.
enum StoredType {
  /// The best guess: detected, else declared, else by name (``MediaTypeNames/best(detected:declared:fileName:)``).
  static func type(of meter: UploadMeter, name: FileName) -> String {
    MediaTypeNames.best(detected: meter.detectedType, declared: meter.declaredType, fileName: name.description)
      ?? MediaTypeNames.unknown
  }
}
