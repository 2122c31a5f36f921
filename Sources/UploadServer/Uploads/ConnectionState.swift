/// Which request a connection is busy with, and who owns it: the upload handler or the library behind it.
///
/// A pure machine: parts of requests in, verdicts out. Requests are taken strictly one after the other; what a client
/// pipelines behind one waits.
struct ConnectionState {
  /// A part of a request, without its content.
  enum Part: Equatable {
    case head
    /// A piece of the body and its length in bytes.
    case body(Int)
    case end
  }

  /// What is to be done with a part.
  enum Verdict: Equatable {
    /// A new request: find its route, then say ``pass()``, ``beginUpload()`` or ``answer(keepAlive:remaining:)``.
    case route
    /// It is the library's.
    case forward
    /// It belongs to the upload.
    case deliver
    /// The upload's body is complete.
    case endBody
    /// It is read and discarded.
    case drop
    /// The body of a rejected request, which was read and discarded, is complete; nothing else is expected.
    case discarded
  }

  /// What follows an answer.
  enum AfterAnswer: Equatable {
    /// The next request may come.
    case keep
    /// Read and discard what is left, then close: see ``LingeringCloseStateMachine``.
    case linger
  }

  private enum Phase: Equatable {
    /// Between requests. Next: ``passing``, ``receiving``, ``skipping``, ``lingering``.
    case idle
    /// The library has the request. Next: ``idle``.
    case passing(requestEnded: Bool, answered: Bool)
    /// The upload's body arrives. Next: ``storing``, ``skipping``, ``lingering``.
    case receiving
    /// The upload's body is complete, the answer is not. Next: ``idle``, ``lingering``.
    case storing
    /// Answered before the end; the little that is left of the body is read and dropped. Next: ``idle``.
    case skipping
    /// Answered for the last time; what still comes is read and discarded. Next: none.
    case lingering
  }

  /// So little left of a refused body is read so that the connection can stay, in bytes.
  static let skipLimit: UInt64 = 1024 * 1024

  private var phase = Phase.idle

  var isIdle: Bool { phase == .idle }
  var isReceiving: Bool { phase == .receiving }
  var isStoring: Bool { phase == .storing }
  var isSkipping: Bool { phase == .skipping }
  var isLingering: Bool { phase == .lingering }
  var isPassing: Bool { if case .passing = phase { true } else { false } }

  /// Whether a part has to wait until the request before it has been answered.
  /// - Parameter canAnswer: whether the client takes its answers; while it does not, a request waits for that too.
  func mustWait(_ part: Part, canAnswer: Bool = true) -> Bool {
    guard part == .head else { return false }
    return switch phase {
    case .idle: !canAnswer
    case .lingering: false
    case .passing, .receiving, .storing, .skipping: true
    }
  }

  /// Takes the next part; not one that must wait.
  mutating func receive(_ part: Part) -> Verdict {
    switch (phase, part) {
    case (.idle, .head): return .route
    case (.idle, _): return .drop
    case (.passing(_, let answered), .end):
      phase = answered ? .idle : .passing(requestEnded: true, answered: false)
      return .forward
    case (.passing, _): return .forward
    case (.receiving, .end):
      phase = .storing
      return .endBody
    case (.receiving, _): return .deliver
    case (.storing, _): return .drop
    case (.skipping, .end):
      phase = .idle
      return .drop
    case (.skipping, _): return .drop
    case (.lingering, .end): return .discarded
    case (.lingering, _): return .drop
    }
  }

  /// The request whose head was routed is the library's.
  mutating func pass() {
    phase = .passing(requestEnded: false, answered: false)
  }

  /// The request whose head was routed is an upload.
  mutating func beginUpload() {
    phase = .receiving
  }

  /// The library has written the end of its answer.
  mutating func libraryAnswered() {
    guard case .passing(let requestEnded, _) = phase else { return }
    phase = requestEnded ? .idle : .passing(requestEnded: false, answered: true)
  }

  /// The handler answers the request itself.
  /// - Parameters:
  ///   - keepAlive: whether client and server both want the connection to stay.
  ///   - remaining: bytes of the body that have not come yet; nil when nobody knows.
  mutating func answer(keepAlive: Bool, remaining: UInt64?) -> AfterAnswer {
    switch phase {
    case .storing where keepAlive:
      phase = .idle
      return .keep
    case .idle where keepAlive && (remaining ?? .max) <= Self.skipLimit,
      .receiving where keepAlive && (remaining ?? .max) <= Self.skipLimit:
      // Even an empty body has its end still to come.
      phase = .skipping
      return .keep
    default:
      phase = .lingering
      return .linger
    }
  }
}
