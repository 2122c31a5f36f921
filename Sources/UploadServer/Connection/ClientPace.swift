import NIOCore

/// The limits on how slowly a client may send a body: a pure state machine in the event loop's time.
///
/// Only time in which the client could send is counted. While the disk, the memory budget or a rate limit holds reads
/// back both clocks stand still, so that a client does not pay for the server's own waiting. There is no limit on the whole:
/// a request that keeps moving may run for weeks.
struct ClientPace: Sendable {
  enum Status: Equatable {
    /// Within the limits; check again then.
    case acceptable(until: NIODeadline)
    /// No byte arrived for the idle timeout.
    case timedOut
    /// On average it is slower than the minimum rate.
    case tooSlow
  }

  /// From so much of the client's own time on its average counts: the first second of a transfer says little.
  static let grace = TimeAmount.seconds(10)
  /// How often an average is looked at after that.
  private static let step = TimeAmount.seconds(1)

  private let idleTimeout: TimeAmount
  /// In bytes per second; nil for none.
  private let minRate: UInt64?
  private var lastByte: NIODeadline
  private var bytes: UInt64 = 0
  /// The client's own time before ``since``.
  private var spent = TimeAmount.zero
  /// Since when it could send; nil while the server holds it back.
  private var since: NIODeadline?

  init(idleTimeout: TimeAmount, minRate: UInt64?, at now: NIODeadline) {
    self.idleTimeout = idleTimeout
    self.minRate = minRate
    lastByte = now
    since = now
  }

  /// `count` bytes of the body arrived.
  mutating func received(_ count: Int, at now: NIODeadline) {
    bytes += UInt64(max(0, count))
    lastByte = now
  }

  /// Tells whether the client can send; saying the same again changes nothing.
  mutating func note(canSend: Bool, at now: NIODeadline) {
    if canSend, since == nil {
      since = now
      lastByte = now
    } else if !canSend, let began = since {
      spent = spent + (now - began)
      since = nil
    }
  }

  func status(at now: NIODeadline) -> Status {
    guard let since else { return .acceptable(until: now + idleTimeout) }
    guard now - lastByte < idleTimeout else { return .timedOut }
    let timeoutAt = lastByte + idleTimeout
    guard let minRate else { return .acceptable(until: timeoutAt) }
    let own = spent + (now - since)
    guard own >= Self.grace else { return .acceptable(until: min(timeoutAt, now + (Self.grace - own))) }
    let average = Double(bytes) / (Double(own.nanoseconds) * 1e-9)
    return average < Double(minRate) ? .tooSlow : .acceptable(until: min(timeoutAt, now + Self.step))
  }
}
