/// The most bytes of a file in one request: what the user and the server allow, and less after a 413 of a proxy that allows
/// less than both.
struct AppendLimit {
  /// What follows from the status 413.
  enum Reaction: Equatable {
    /// The limit is smaller now, by what the server has announced.
    case announced
    /// The limit is smaller now; nothing was announced.
    case halved
    /// No smaller request would be accepted: the whole file is too large.
    case none
  }

  /// The size that is halved after a 413 for a request of unknown size that has sent less, in bytes.
  private static let largestGuess: UInt64 = 2 << 20
  /// Requests are not made smaller than this after a 413 without an `Upload-Limit`, in bytes.
  private static let smallestRequest: UInt64 = 64 * 1024

  /// Nil for no limit.
  private(set) var bytes: UInt64?

  /// - Parameter bytes: 0 counts as 1; nil for no limit.
  init(_ bytes: UInt64?) {
    self.bytes = bytes.map { max(1, $0) }
  }

  /// Adopts the limit that the server announces in any response; nil when it announces none.
  mutating func announced(_ limit: UInt64?) {
    guard let limit else { return }
    bytes = min(bytes ?? limit, limit)
  }

  /// A server or a proxy accepts no body of the size of this request.
  /// - Parameters:
  ///   - count: how many bytes of the file the request has, as far as that is known.
  ///   - fields: of the response; its limit has been adopted.
  mutating func rejected(_ step: ResumeStateMachine.Step, sent count: UInt64, _ fields: ResumeFields) -> Reaction {
    var sent = count
    // A pipe sends until the limit is exceeded, or is rejected before it has sent anything.
    if case .rest(_, _, let limit) = step {
      sent = min(limit ?? .max, fields.hasLimit ? .max : max(sent, Self.largestGuess))
    }
    if fields.hasLimit {
      guard let limit = fields.maxAppendSize, limit < sent else { return .none }
      return .announced
    }
    guard sent > Self.smallestRequest else { return .none }
    bytes = max(Self.smallestRequest, sent / 2)
    return .halved
  }
}
