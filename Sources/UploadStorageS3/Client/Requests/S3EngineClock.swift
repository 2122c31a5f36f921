import HTTPExchange
import UploadProtocol

/// What a response says of the engine's clock, and what follows for signatures when it was rejected because of the time. Pure.
struct S3EngineClock: Sendable {
  /// The difference of the clocks from which on engines reject requests, as far as they allow less than Amazon's 15
  /// minutes, in seconds.
  private static let leastSkew: Int64 = 240

  /// Seconds from this machine's clock to the engine's; nil when the response has no date.
  let skew: Int64?
  /// What was added to this machine's clock in the signature, in seconds.
  private let correction: Int64

  /// - Parameters:
  ///   - now: this machine's clock, in seconds since 1970.
  ///   - correction: what was added to it in the signature, in seconds.
  init(_ response: ExchangeResponse, now: Int64, correction: Int64 = 0) {
    skew = response["date"].flatMap { HTTPDate.seconds($0, now: now) }.map { $0 - now }
    self.correction = correction
  }

  /// Whether the time of the signature was so wrong that engines reject it.
  var isOff: Bool { skew.map { abs($0 - correction) > Self.leastSkew } ?? false }

  /// The correction to try next, in seconds; 0 withdraws the one that was used. Nil where nothing else can be tried.
  var nextCorrection: Int64? {
    if let skew, isOff || correction == 0 && skew != 0 { return skew }
    // The date is that of a proxy, or there is none: what it has led to does not help.
    return correction == 0 ? nil : 0
  }
}
