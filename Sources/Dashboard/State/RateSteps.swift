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
  ///   - outer: applies as well: limits that are not below it would have no effect, and are left out. nil for none.
  /// - Returns: nil when there is no further step.
  static func next(after limit: UInt64?, lower: Bool, below outer: OuterLimit? = nil) -> UInt64?? {
    let below = outer?.bytesPerSecond ?? .max
    if lower { return limits.last { $0 < min(limit ?? .max, below) }.map { .some($0) } }
    guard let limit else { return nil }
    return .some(limits.first { $0 > limit && $0 < below })
  }

  /// The limit that has an effect: `limit 5 MiB/s`, `limit 8 MiB/s of the server`, or `no limit`.
  static func text(_ limit: UInt64?, _ outer: OuterLimit?) -> String {
    guard let outer, limit ?? .max >= outer.bytesPerSecond else { return limit.map(Figures.limit) ?? "no limit" }
    return "\(Figures.limit(outer.bytesPerSecond)) of the \(outer.owner.rawValue)"
  }
}

/// A limit that applies to an upload beside its own one.
struct OuterLimit: Equatable {
  enum Owner: String {
    /// `--limit-rate` or `--limit-rate-per-upload`.
    case server
    /// The limit that the user has set on the tree of the file.
    case tree
  }

  var bytesPerSecond: UInt64
  var owner: Owner

  /// - Returns: nil for no limit.
  init?(_ bytesPerSecond: UInt64?, _ owner: Owner) {
    guard let bytesPerSecond else { return nil }
    (self.bytesPerSecond, self.owner) = (bytesPerSecond, owner)
  }
}

extension Figures {
  /// A limit on a rate, in bytes per second: `limit 5 MiB/s`.
  static func limit(_ bytesPerSecond: UInt64) -> String {
    let (whole, rest) = bytesPerSecond.quotientAndRemainder(dividingBy: 1 << 20)
    return "limit \(rest == 0 && whole > 0 ? "\(whole) MiB/s" : ByteSize.rateText(Double(bytesPerSecond)))"
  }
}
