import UploadCore

/// What uploads still have to move, in bytes.
struct RemainingBytes: Hashable, Sendable {
  /// Of the uploads whose sizes are known.
  private(set) var bytes: UInt64 = 0
  /// The sum of the known sizes.
  private(set) var whole = 0.0
  /// Whether the sizes of all uploads are known.
  var isExact = true

  mutating func add(_ upload: UploadSnapshot) {
    guard let size = upload.size else { return isExact = false }
    let (sum, overflow) = bytes.addingReportingOverflow(size > upload.bytes ? size - upload.bytes : 0)
    bytes = overflow ? .max : sum
    whole += Double(size)
  }

  /// How much of ``whole`` has moved.
  var moved: Double { max(0, whole - Double(bytes)) }

  /// Seconds until ``bytes`` have moved at a rate in bytes per second; nil for none, and while nothing moves.
  func seconds(at rate: Double) -> Double? { bytes > 0 && rate >= 1 ? max(1, Double(bytes) / rate) : nil }
}
