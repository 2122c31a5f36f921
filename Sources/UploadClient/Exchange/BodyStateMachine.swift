import NIOCore

/// The sending half of an exchange: which bytes of the body are sent next, and what has to happen before.
///
/// Content of known length is sent in pieces by offset; a stream is sent as it is read. One piece is written at a time: the
/// channel's queue stays short, so that stopping takes effect at once.
struct BodyStateMachine {
  /// How a body is divided.
  struct Plan: Sendable, Equatable {
    /// Bytes of content; nil when it is known only at the source's end.
    var size: UInt64?
    /// The most bytes in a piece.
    var pieceSize: UInt64
    /// Bytes at the end that are not sent before the source has been checked once more; 0 for content that cannot change.
    var checkedTail: UInt64
    /// Whether something follows the content: the end of a form, the last chunk. Without it, a server that knows the length may
    /// respond as soon as it has the last byte of the content.
    var hasTail: Bool
    /// Whether a piece of known offset has to be read before it can be written.
    var readsPieces = false
  }

  enum Action: Equatable {
    case none
    /// Read these bytes of the content; nil: read the next bytes of a stream. Then call ``didRead(_:)``.
    case read(Range<UInt64>?)
    /// Write these bytes of the content, then call ``wroteOut(pause:)``.
    case write(Range<UInt64>)
    /// Check that the source has not changed, then call ``checked()``.
    case check
    /// Write what follows the content, then call ``wroteOut(pause:)``.
    case writeEnd
    /// Call ``resumed()`` after this time, in another task of the event loop.
    case pause(TimeAmount)
  }

  private enum State: Equatable {
    /// Nothing was sent; next: any other.
    case idle
    /// The source is read, at this range when the length is known; next: writing, ending, stopped.
    case reading(Range<UInt64>?)
    /// The source is checked, and the rest of the body waits for it; next: reading, writing, ending, stopped.
    case checking
    /// A piece of content is being written; next: paused, sent, stopped.
    case writing
    /// A piece was written, and the next one waits for its time; next: any but idle.
    case paused(isLimited: Bool)
    /// What follows the content is being written; next: sent, stopped.
    case ending
    /// The socket has accepted everything. Last.
    case sent
    /// Nothing more will be sent. Last.
    case stopped
  }

  /// What has to happen before the body can go on.
  enum Wait: Equatable {
    /// Nothing: it has not begun, is between two pieces, is checked, or is over.
    case none
    /// The next bytes of a stream.
    case input
    /// A piece of a file that is read.
    case disk
    /// The rate limit.
    case limit
    /// The socket, and so the peer, has to accept what is being written.
    case peer
  }

  private let plan: Plan
  private var state = State.idle
  /// The piece that is being written. Also after a stop: the socket may accept more of it.
  private var piece = PieceProgress()
  /// Bytes of content in pieces that were written completely.
  private var written: UInt64 = 0

  /// Whether any of the body was to be sent or read.
  private(set) var hasBegun = false

  init(_ plan: Plan) {
    self.plan = plan
  }

  /// Bytes of content that the socket has accepted, as far as it was observed.
  var sentBytes: UInt64 { written + UInt64(piece.counted) }

  /// Bytes of content in the piece that is being written; 0 between pieces.
  var pieceSize: Int { piece.size }

  /// Whether the socket has accepted the whole body.
  var isSent: Bool { state == .sent }

  /// Whether the rest of a body that was not sent completely is not wanted any more.
  var isStopped: Bool { state == .stopped }

  /// Whether content is being written.
  var isWriting: Bool { state == .writing }

  var wait: Wait {
    switch state {
    case .reading(.none): .input
    case .reading(.some): .disk
    case .paused(isLimited: true): .limit
    case .writing, .ending: .peer
    case .idle, .checking, .paused(isLimited: false), .sent, .stopped: .none
    }
  }

  /// The server is ready for the body.
  mutating func begin() -> Action {
    switch state {
    case .idle:
      hasBegun = true
      return next()
    case .stopped: return .none
    case .reading, .checking, .writing, .paused, .ending, .sent: return impossible()
    }
  }

  /// The socket has accepted what was written last.
  /// - Parameter pause: how long the rate limit delays the next piece; zero without a limit.
  mutating func wroteOut(pause: TimeAmount) -> Action {
    switch state {
    case .writing:
      endPiece()
      guard plan.hasTail || plan.size.map({ written < $0 }) ?? true else { return end() }
      state = .paused(isLimited: pause > .zero)
      return .pause(pause)
    case .ending:
      state = .sent
      return .none
    case .stopped:
      endPiece()
      return .none
    case .idle, .reading, .checking, .paused, .sent: return impossible()
    }
  }

  /// The socket has not accepted `queued` bytes of what was written last.
  /// - Returns: whether it has accepted more bytes than at the last call.
  mutating func observed(queued: Int) -> Bool {
    piece.note(queued: queued) > 0
  }

  /// The pause is over.
  mutating func resumed() -> Action {
    switch state {
    case .paused: return next()
    case .stopped: return .none
    case .idle, .reading, .checking, .writing, .ending, .sent: return impossible()
    }
  }

  /// A read returned `count` bytes; none at the end of a stream.
  mutating func didRead(_ count: Int) -> Action {
    switch state {
    case .reading(.none): return count > 0 ? write(written..<written + UInt64(count)) : end()
    case .reading(.some(let range)): return write(range)
    case .stopped: return .none
    case .idle, .checking, .writing, .paused, .ending, .sent: return impossible()
    }
  }

  /// The source has not changed.
  mutating func checked() -> Action {
    switch state {
    case .checking:
      guard let size = plan.size, written < size else { return end() }
      return send(written..<size)
    case .stopped: return .none
    case .idle, .reading, .writing, .paused, .ending, .sent: return impossible()
    }
  }

  /// Nothing more is to be sent. A body that has been sent stays sent.
  mutating func stop() {
    guard state != .sent else { return }
    state = .stopped
  }

  private mutating func next() -> Action {
    guard let size = plan.size else { return read(nil) }
    let left = size - min(written, size)
    guard left > 0 else { return plan.checkedTail > 0 && plan.hasTail && written == 0 ? check() : end() }
    guard left > plan.checkedTail else { return check() }
    return send(written..<written + min(plan.pieceSize, left - plan.checkedTail))
  }

  private mutating func send(_ range: Range<UInt64>) -> Action {
    plan.readsPieces ? read(range) : write(range)
  }

  private mutating func read(_ range: Range<UInt64>?) -> Action {
    state = .reading(range)
    return .read(range)
  }

  private mutating func write(_ range: Range<UInt64>) -> Action {
    state = .writing
    piece.begin(range.count)
    return .write(range)
  }

  private mutating func check() -> Action {
    state = .checking
    return .check
  }

  private mutating func end() -> Action {
    guard plan.hasTail else {
      state = .sent
      return .none
    }
    state = .ending
    return .writeEnd
  }

  /// For an event that no action has asked for.
  private func impossible(_ event: StaticString = #function) -> Action {
    assertionFailure("\(event) while \(state)")
    return .none
  }

  private mutating func endPiece() {
    written += UInt64(piece.size)
    piece.begin(0)
  }
}

/// How much of the piece that is being written the socket has accepted.
struct PieceProgress {
  /// Bytes of content in the piece; 0 between pieces.
  private(set) var size = 0

  /// Bytes of the piece that the socket has accepted, as far as it was observed.
  private(set) var counted = 0

  /// A piece of `count` bytes is written.
  mutating func begin(_ count: Int) {
    size = count
    counted = 0
  }

  /// The channel still has `queued` bytes. The framing of the content counts among them as if it were content, so that the
  /// result may be a few bytes too low, never too high.
  /// - Returns: bytes that have been accepted since the last call.
  mutating func note(queued: Int) -> Int {
    let news = max(0, size - queued - counted)
    counted += news
    return news
  }
}
