/// The sending half of an exchange: which piece of the body goes next, and what must happen before it may.
///
/// Of content whose length is known it asks for pieces by range; of a stream, for whatever comes. One piece is on its way
/// at a time: the network layer's queue stays short, so that stopping takes effect at once.
struct BodyStateMachine {
  /// How a body is cut.
  struct Plan: Sendable, Equatable {
    /// Bytes of content; nil when only the source's end tells.
    var size: UInt64?
    /// Bytes in a piece.
    var pieceSize: UInt64
    /// Bytes kept back until the source has been checked once more; 0 for content that cannot change.
    var heldBack: UInt64
    /// Whether something comes after the content: a form's end, the last chunk. Without, a server can know the last byte
    /// of the content for the body's last one, and answer before anything else is done here.
    var hasTail: Bool
  }

  enum Action: Equatable {
    case none
    /// Send these bytes of the content.
    case write(Range<UInt64>)
    /// Read the source's next bytes.
    case read
    /// Send the bytes that were just read.
    case writeRead(Int)
    /// Make sure that the source is still as it was.
    case check
    /// Send what comes after the content.
    case writeEnd
  }

  private enum State: Equatable {
    /// Nothing was sent; next: any other.
    case idle
    /// The source is being read; next: writing, ending, stopped.
    case reading
    /// The source is being checked, and the rest of the body waits for it; next: writing, ending, stopped.
    case checking
    /// So many bytes are with the network layer; next: any of the busy ones, sent, stopped.
    case writing(UInt64)
    /// What comes after the content is with the network layer; next: sent, stopped.
    case ending
    /// The socket has taken everything. Last.
    case sent
    /// Nothing more will be sent. Last.
    case stopped
  }

  private let plan: Plan
  private var state = State.idle

  /// Whether anything of the body has been asked for.
  private(set) var hasBegun = false

  /// Bytes of content that the socket has taken.
  private(set) var taken: UInt64 = 0

  init(_ plan: Plan) {
    self.plan = plan
  }

  /// Whether the socket has taken the whole body.
  var isSent: Bool { state == .sent }

  /// Whether nothing more is to be sent of a body that is not out.
  var isStopped: Bool { state == .stopped }

  /// Whether the source, not the server, has to do something before the next byte can go.
  var waitsForSource: Bool { state == .reading || state == .checking }

  /// Whether content is with the network layer.
  var isWriting: Bool {
    if case .writing = state { true } else { false }
  }

  /// The server may have the body now.
  mutating func begin() -> Action {
    guard state == .idle else { return .none }
    hasBegun = true
    return next()
  }

  /// The socket has taken what it was given last.
  mutating func wroteOut() -> Action {
    switch state {
    case .writing(let count):
      taken += count
      return next()
    case .ending:
      state = .sent
      return .none
    case .idle, .reading, .checking, .sent, .stopped:
      return .none
    }
  }

  /// A read brought `count` bytes; none at the source's end.
  mutating func didRead(_ count: Int) -> Action {
    guard state == .reading else { return .none }
    guard count > 0 else { return end() }
    state = .writing(UInt64(count))
    return .writeRead(count)
  }

  /// The source is as it was.
  mutating func checked() -> Action {
    guard state == .checking, let size = plan.size else { return .none }
    return taken < size ? write(upTo: size) : end()
  }

  /// Nothing more is to be sent. A body that has been sent stays so.
  mutating func stop() {
    guard state != .sent else { return }
    state = .stopped
  }

  private mutating func next() -> Action {
    guard let size = plan.size else {
      state = .reading
      return .read
    }
    let left = size - min(taken, size)
    guard left > 0 else { return plan.heldBack > 0 && plan.hasTail && taken == 0 ? check() : end() }
    guard left > plan.heldBack else { return check() }
    return write(upTo: taken + min(plan.pieceSize, left - plan.heldBack))
  }

  private mutating func check() -> Action {
    state = .checking
    return .check
  }

  private mutating func write(upTo bound: UInt64) -> Action {
    state = .writing(bound - taken)
    return .write(taken..<bound)
  }

  private mutating func end() -> Action {
    guard plan.hasTail else {
      state = .sent
      return .none
    }
    state = .ending
    return .writeEnd
  }
}
