package import NIOCore
package import UploadCore

/// The sending half of an exchange: which bytes of the body are sent next, and what has to happen before.
///
/// Content of known length is sent in chunks by offset; a stream is sent as it is read. One chunk is written at a time: the
/// channel's queue stays short, so that stopping takes effect at once.
package struct BodyStateMachine {
  /// How a body is divided.
  package struct Plan: Sendable, Equatable {
    /// Offset in the content of the first byte to send: above 0 where an earlier request has sent those before it.
    package var start: UInt64 = 0
    /// Offset in the content of the end of the bytes to send; nil when it is known only at the source's end.
    package var size: UInt64?
    /// The most bytes in a chunk, at least 1; not used for a stream, whose chunks are what each read returns.
    package var chunkSize: UInt64
    /// Bytes at the end that are not sent before the source has been checked once more; 0 for a stream and for content
    /// in memory, which are not checked.
    package var checkedTail: UInt64
    /// Whether more of the body follows the content: the end of a form, or the last chunk of a chunked body. Without it, a server
    /// that knows the length may respond as soon as it has received the last byte of the content.
    package var hasTail: Bool
    /// Whether a chunk of known offset has to be read before it can be written.
    package var readsChunks = false

    package init(
      start: UInt64 = 0,
      size: UInt64?,
      chunkSize: UInt64,
      checkedTail: UInt64,
      hasTail: Bool,
      readsChunks: Bool = false
    ) {
      (self.start, self.size, self.chunkSize) = (start, size, chunkSize)
      (self.checkedTail, self.hasTail, self.readsChunks) = (checkedTail, hasTail, readsChunks)
    }
  }

  /// What has to be done after an event.
  package enum Action: Equatable {
    case none
    /// Read these bytes of the content; nil: read the next bytes of a stream. Then call ``didRead(_:)``.
    case read(Range<UInt64>?)
    /// Write these bytes of the content, then call ``wroteOut(pause:)``.
    case write(Range<UInt64>)
    /// Check that the source has not changed, then call ``checked()``.
    case check
    /// Write the end of the body that follows the content, then call ``wroteOut(pause:)``.
    case writeEnd
    /// Call ``resumed()`` after this time, in another task of the event loop.
    case pause(TimeAmount)
  }

  private enum State: Equatable {
    /// Nothing was sent; next: any other but paused.
    case idle
    /// The source is read, at this range when the length is known; next: writing, writingEnd, stopped.
    case reading(Range<UInt64>?)
    /// The source is checked, and the rest of the body waits for it; next: reading, writing, writingEnd, stopped.
    case checking
    /// A chunk of content is being written; next: paused, sent, stopped.
    case writing
    /// A chunk was written, and the next one waits for its time; next: reading, checking, writing, writingEnd, stopped.
    case paused(isLimited: Bool)
    /// The end of the body that follows the content is being written; next: sent, stopped.
    case writingEnd
    /// The socket has accepted everything. Last.
    case sent
    /// Nothing more will be sent. Last.
    case stopped
  }

  /// The most bytes in the next chunk, of a stream too, at least 1: smaller than planned while the user limits the rate.
  package var chunkLimit = UInt64.max

  private let plan: Plan
  private var state = State.idle
  /// Bytes of content in the chunk that is being written; 0 between chunks. ``stop()`` leaves it as it is, since the socket
  /// may accept more of the chunk.
  package private(set) var currentChunkSize = 0
  /// Bytes of that chunk that the socket has accepted, as far as it was observed.
  private var accepted = 0
  /// Offset in the content of the end of the last chunk that was written completely; at first that of the first byte.
  private var written: UInt64

  /// Whether sending or reading the body has begun.
  package private(set) var hasBegun = false

  package init(_ plan: Plan) {
    self.plan = plan
    written = plan.start
  }

  /// Bytes of content that the socket has accepted, as far as it was observed.
  package var sentBytes: UInt64 { position - plan.start }

  /// Offset in the content of the first byte that the socket has not accepted, as far as it was observed.
  package var position: UInt64 { written + UInt64(accepted) }

  /// Offset in the content of the end of what was given to the socket: the server can have received no byte beyond it.
  package var reach: UInt64 { written + UInt64(currentChunkSize) }

  /// Whether the socket has accepted the whole body.
  package var isSent: Bool { state == .sent }

  /// Whether a chunk of content is being written; false once the body is stopped.
  package var isWriting: Bool { state == .writing }

  /// What has to happen before the body can continue: input for the next bytes of a stream, the disk for a chunk of a file
  /// that is read, the rate limit, or the peer, which has to accept what is being written. Nil for nothing of these: the body has
  /// not begun, is between two chunks, is checked, or has ended.
  package var wait: UploadPhase? {
    switch state {
    case .reading(.none): .input
    case .reading(.some): .disk
    case .paused(isLimited: true): .limit
    case .writing, .writingEnd: .peer
    case .idle, .checking, .paused(isLimited: false), .sent, .stopped: nil
    }
  }

  /// Whether the next chunk waits for the rate limit.
  package var isLimited: Bool { state == .paused(isLimited: true) }

  /// Begins the body. Call it at most once, when the body may be sent; does nothing after ``stop()``.
  package mutating func begin() -> Action {
    guard state == .idle else { return unexpected() }
    hasBegun = true
    return next()
  }

  /// The socket has accepted what was written last.
  /// - Parameter pause: how long the rate limit delays the next chunk; zero without a limit.
  package mutating func wroteOut(pause: TimeAmount) -> Action {
    switch state {
    case .writing:
      endChunk()
      guard plan.hasTail || plan.size.map({ written < $0 }) ?? true else { return end() }
      state = .paused(isLimited: pause > .zero)
      return .pause(pause)
    case .writingEnd:
      state = .sent
      return .none
    case .stopped:
      endChunk()
      return .none
    case .idle, .reading, .checking, .paused, .sent: return unexpected()
    }
  }

  /// Updates ``sentBytes`` while a chunk is being written: the socket has not accepted `queued` bytes of it yet. The framing
  /// of the content counts among them as if it were content, so that the result may be a few bytes too low, never too high.
  /// - Returns: whether the socket has accepted more bytes of the chunk than at the last call.
  package mutating func observed(queued: Int) -> Bool {
    let count = currentChunkSize - queued
    guard count > accepted else { return false }
    accepted = count
    return true
  }

  /// The time of ``Action/pause(_:)`` is over.
  package mutating func resumed() -> Action {
    guard case .paused = state else { return unexpected() }
    return next()
  }

  /// The read of ``Action/read(_:)`` has ended.
  /// - Parameter count: bytes that were read of a stream, 0 at its end; not used for a file, whose whole range was read.
  package mutating func didRead(_ count: Int) -> Action {
    guard case .reading(let range) = state else { return unexpected() }
    if let range { return write(range) }
    return count > 0 ? write(written..<written + UInt64(count)) : end()
  }

  /// The check of ``Action/check`` found the source unchanged.
  package mutating func checked() -> Action {
    guard state == .checking else { return unexpected() }
    guard let size = plan.size, written < size else { return end() }
    return send(written..<size)
  }

  /// Nothing more is to be sent. A body that has been sent stays sent.
  package mutating func stop() {
    guard state != .sent else { return }
    state = .stopped
  }

  private mutating func next() -> Action {
    guard let size = plan.size else { return read(nil) }
    let left = size - min(written, size)
    guard left > 0 else { return plan.checkedTail > 0 && plan.hasTail && written == plan.start ? check() : end() }
    guard left > plan.checkedTail else { return check() }
    // After shorter chunks up to the end of a planned one: a chunk of content in memory must not leave its block.
    let whole = plan.chunkSize - (written - plan.start) % plan.chunkSize
    return send(written..<written + min(whole, chunkLimit, left - plan.checkedTail))
  }

  private mutating func send(_ range: Range<UInt64>) -> Action {
    plan.readsChunks ? read(range) : write(range)
  }

  private mutating func read(_ range: Range<UInt64>?) -> Action {
    state = .reading(range)
    return .read(range)
  }

  private mutating func write(_ range: Range<UInt64>) -> Action {
    state = .writing
    currentChunkSize = range.count
    return .write(range)
  }

  private mutating func check() -> Action {
    state = .checking
    return .check
  }

  private mutating func end() -> Action {
    state = plan.hasTail ? .writingEnd : .sent
    return plan.hasTail ? .writeEnd : .none
  }

  /// For an event that the state does not expect: it does nothing after a stop. At all other times no action has requested it,
  /// which traps in debug builds.
  private func unexpected(_ event: StaticString = #function) -> Action {
    assert(state == .stopped, "\(event) while \(state)")
    return .none
  }

  private mutating func endChunk() {
    written += UInt64(currentChunkSize)
    (currentChunkSize, accepted) = (0, 0)
  }
}
