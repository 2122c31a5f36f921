import NIOCore
import UploadCore
import UploadProtocol

/// Looks at the first bytes of an upload, once: tells the meter what they are, and whether that is taken here. Costs a
/// comparison for every chunk after that.
struct FirstLook {
  private var sniffer: MediaTypeSniffer? = MediaTypeSniffer()
  private let meter: UploadMeter
  private let name: WantedName
  private let rules: MediaTypeRules

  init(_ meter: UploadMeter, name: WantedName, rules: MediaTypeRules) {
    self.meter = meter
    self.name = name
    self.rules = rules
  }

  /// Takes the next bytes.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func take(_ bytes: ByteBuffer) throws(UploadError) {
    guard case .known(let type) = sniffer?.append(bytes.readableBytesView) else { return }
    try know(type)
  }

  /// There are no more.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  mutating func end() throws(UploadError) {
    guard var sniffer else { return }
    try know(sniffer.finish())
  }

  private mutating func know(_ type: String?) throws(UploadError) {
    sniffer = nil
    meter.detectedType = type
    let end = name.end(of: meter)
    let named = MediaTypeNames.best(detected: type, declared: nil, fileName: end.name.description)
    try rules.check(detected: type, stored: end.type, named: named ?? MediaTypeNames.unknown)
  }
}
