/// Decides when the parts of one upload may be spooled and are sent, and when the upload is complete. Pure: no I/O, no clock.
///
/// A part is opened, filled on the local disk, sent once it is full, and its file deleted once the engine has accepted it. At
/// most ``partsAtOnce`` parts have a file at once: one is filled while two are sent. An upload of one part is not begun at the
/// engine: it is stored with a single request, as soon as its content is known to be complete. The second part shows that
/// there are several; then the multipart upload is begun, and parts are sent from there on.
///
/// An upload of several requests continues with the parts that the engine has already. Bytes that count only at the end of
/// their request wait in files: nothing is sent before ``release()``.
struct PartsStateMachine: Sendable {
  /// How many parts are sent at once: while the engine confirms one, the other's bytes are under way.
  static let sendsAtOnce = 2
  /// How many parts may have a file at once.
  static let partsAtOnce = sendsAtOnce + 1

  /// What is to be done now, in this order.
  struct Step: Equatable {
    /// Begin the multipart upload: call ``began()`` when that has succeeded, ``failed()`` when it has not.
    var begin = false
    /// Send these parts: call ``accepted(_:)`` for each that the engine has accepted.
    var send: [Int] = []
    /// All parts are accepted, or the only one is filled: the file is complete.
    var isComplete = false
    /// Every full part is accepted; where the upload has not begun at the engine, its only part is not sent.
    var isPaused = false
    /// Nothing is under way any more at the engine: abort the multipart upload, if it has begun, and delete all files.
    var cleanUp = false
  }

  private enum Engine: Equatable {
    /// Nothing has been sent.
    case idle
    /// The multipart upload is being begun.
    case beginning
    case begun
  }

  private enum Phase: Equatable {
    /// Bytes may follow.
    case filling
    /// The last part is filled.
    case ending
    /// No byte follows in this request.
    case pausing
    case complete
    /// Failed or aborted: waits for what is under way.
    case failed
    case over
  }

  private let maximumCount: Int
  private var engine = Engine.idle
  private var phase = Phase.filling
  /// Parts that have been opened so far; they are numbered from 1 on.
  private(set) var opened: Int
  /// Whether nothing may be sent yet.
  private var isWithheld: Bool
  /// Parts that are full and not sent yet, in their order.
  private var ready: [Int] = []
  private var sending: Set<Int> = []
  /// Parts that the engine has accepted.
  private(set) var acceptedCount: Int

  /// - Parameters:
  ///   - maximumCount: the most parts of an object.
  ///   - accepted: how many parts the engine has from earlier requests.
  ///   - hasBegun: whether the multipart upload has begun with an earlier request.
  ///   - isWithheld: whether nothing may be sent before ``release()``. Then any number of parts may have files.
  init(
    maximumCount: Int = Int(PartPlan.maximumCount),
    accepted: Int = 0,
    hasBegun: Bool = false,
    isWithheld: Bool = false
  ) {
    (self.maximumCount, self.isWithheld) = (maximumCount, isWithheld)
    (opened, acceptedCount) = (accepted, accepted)
    engine = hasBegun ? .begun : .idle
  }

  /// Whether the file has one part at most so far, and nothing of it is at the engine.
  var isSingle: Bool { engine == .idle }

  /// Whether another part may be opened now.
  var canOpen: Bool { phase == .filling && (isWithheld || opened - acceptedCount < Self.partsAtOnce) && hasNumbers }

  /// Whether there are part numbers left.
  var hasNumbers: Bool { opened < maximumCount }

  /// Opens the next part, whose number is ``opened`` after that. Call it only while ``canOpen``.
  /// - Returns: nil where no part may be opened.
  mutating func open() -> Step? {
    guard canOpen else {
      assertionFailure("a part was opened that may not be")
      return nil
    }
    opened += 1
    return Step(begin: begins())
  }

  private mutating func begins() -> Bool {
    guard opened > 1, engine == .idle, !isWithheld else { return false }
    engine = .beginning
    return true
  }

  /// Allows that parts are sent, if they had to wait.
  mutating func release() -> Step {
    guard isWithheld else { return Step() }
    isWithheld = false
    guard phase == .filling else { return Step() }
    let begins = begins()
    var step = advance()
    step.begin = begins
    return step
  }

  /// Notes that a part is full, or that the last one has its last byte.
  mutating func filled(_ number: Int) -> Step {
    guard phase == .filling else { return Step() }
    ready.append(number)
    return advance()
  }

  /// Notes that no byte follows those of the parts that are filled.
  mutating func end() -> Step {
    guard phase == .filling else { return Step() }
    phase = .ending
    return advance()
  }

  /// Notes that no byte follows in this request, but perhaps in another one: a part that is not full is not sent.
  mutating func pause() -> Step {
    guard phase == .filling else { return Step() }
    phase = .pausing
    return advance()
  }

  /// Notes that the multipart upload has begun.
  mutating func began() -> Step {
    guard engine == .beginning else { return Step() }
    engine = .begun
    return advance()
  }

  /// Notes that the engine has accepted a part.
  mutating func accepted(_ number: Int) -> Step {
    guard sending.remove(number) != nil else { return Step() }
    acceptedCount += 1
    return advance()
  }

  /// Notes that a part could not be sent, or was cancelled.
  mutating func rejected(_ number: Int) -> Step {
    guard sending.remove(number) != nil else { return Step() }
    if phase != .over { phase = .failed }
    return advance()
  }

  /// Notes that the multipart upload could not be begun.
  mutating func beginFailed() -> Step {
    guard engine == .beginning else { return Step() }
    engine = .idle
    if phase != .over { phase = .failed }
    return advance()
  }

  /// Ends the upload without a file. After ``Step/isComplete`` it does nothing: then the caller has the file.
  mutating func abort() -> Step {
    switch phase {
    case .filling, .ending, .pausing: phase = .failed
    case .complete, .failed, .over: return Step()
    }
    return advance()
  }

  private mutating func advance() -> Step {
    var step = Step()
    switch phase {
    case .filling, .ending, .pausing:
      while engine == .begun, !isWithheld, sending.count < Self.sendsAtOnce, !ready.isEmpty {
        let number = ready.removeFirst()
        sending.insert(number)
        step.send.append(number)
      }
      let isSent = engine == .begun && ready.isEmpty && sending.isEmpty && acceptedCount == opened
      if phase == .ending, isSent || isSingle {
        phase = .complete
        step.isComplete = true
      }
      if phase == .pausing, isSingle || engine == .begun && ready.isEmpty && sending.isEmpty {
        phase = .complete
        step.isPaused = true
      }
    case .failed:
      guard engine != .beginning, sending.isEmpty else { break }
      phase = .over
      step.cleanUp = true
    case .complete, .over: break
    }
    return step
  }
}
