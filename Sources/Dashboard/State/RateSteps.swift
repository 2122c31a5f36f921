import UploadCore
import UploadReport

/// The limits on an upload's rate that the keys `<` and `>` step through.
enum RateSteps {
  /// In bytes per second, lowest first; above the last one there is no limit.
  static let limits: [UInt64] = [1, 5, 10, 50].map { $0 << 20 }

  /// The next limit, in bytes per second, nil for none.
  /// - Parameters:
  ///   - limit: the present one; nil for none.
  ///   - lower: whether to step down.
  /// - Returns: nil when there is no further step.
  static func next(after limit: UInt64?, lower: Bool) -> UInt64?? {
    if lower { return limits.last { $0 < limit ?? .max }.map { .some($0) } }
    guard let limit else { return nil }
    return .some(limits.first { $0 > limit })
  }
}

extension Figures {
  /// A limit on a rate, in bytes per second: `limit 5 MiB/s`.
  static func limit(_ bytesPerSecond: UInt64) -> String {
    let (whole, rest) = bytesPerSecond.quotientAndRemainder(dividingBy: 1 << 20)
    return "limit \(rest == 0 && whole > 0 ? "\(whole) MiB/s" : ByteSize.rateText(Double(bytesPerSecond)))"
  }
}
