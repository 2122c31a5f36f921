import NIOCore

/// Tells from samples of a connection whether its client still reads a response: a pure machine, in the event loop's time.
///
/// Only acknowledgements tell, and a client's system acknowledges what it has room for, whatever the client reads. When
/// its receive buffer is full it announces room again (RFC 9293 section 3.8.6.2.2) only for a whole segment or a part of
/// the buffer: Linux for a sixteenth, and it frees what it received in blocks of up to 64 KiB. What a client reads before
/// that is not visible here. So a client is taken for one that stopped reading only after ``idleTimeout`` and the time
/// that a reader of ``slowestRate`` may take over so many bytes.
struct ResponseProgress: Sendable {
  struct Sample: Equatable {
    /// Bytes of responses that the client's system has acknowledged, since the connection began.
    var acknowledged: UInt64
    /// The receive window that it advertised last, in bytes.
    var window: UInt64
    /// Whether there is anything that it has not acknowledged.
    var hasUnread: Bool
  }

  enum Status: Equatable {
    /// Everything has been acknowledged: there is nothing to watch until the next response.
    case delivered
    /// The client reads, or may do so.
    case reading
    /// It has read nothing for the timeout.
    case stopped
  }

  /// The slowest client that is never taken for one that does not read, in bytes per second.
  static let slowestRate: UInt64 = 1000
  /// What Linux may keep as one block until all of it has been read, in bytes.
  private static let block: UInt64 = 64 * 1024
  /// The most that is allowed for bytes that may have been read unseen: a client's window can be a gigabyte.
  private static let longestUnseen = TimeAmount.minutes(5)

  private let idleTimeout: TimeAmount
  private var last: Sample?
  private var largestWindow: UInt64 = 0
  private var progressAt: NIODeadline

  init(idleTimeout: TimeAmount, at now: NIODeadline) {
    self.idleTimeout = idleTimeout
    progressAt = now
  }

  /// Takes the next sample.
  mutating func note(_ sample: Sample, at now: NIODeadline) -> Status {
    defer { last = sample }
    largestWindow = max(largestWindow, sample.window)
    guard sample.hasUnread else {
      progressAt = now
      return .delivered
    }
    // A larger window is news of reading too.
    if let last, last.hasUnread, sample.acknowledged == last.acknowledged, sample.window <= last.window {
      return now - progressAt < idleTimeout + unseenTime(sample) ? .reading : .stopped
    }
    progressAt = now
    return .reading
  }

  /// How long a slow reader may take until anything of it can be seen.
  private func unseenTime(_ sample: Sample) -> TimeAmount {
    // It cannot have buffered more than it was sent.
    let unseen = min(sample.acknowledged, max(Self.block, largestWindow / 16))
    let seconds = Double(unseen) / Double(Self.slowestRate)
    return min(Self.longestUnseen, .nanoseconds(Int64(seconds * 1e9)))
  }
}
