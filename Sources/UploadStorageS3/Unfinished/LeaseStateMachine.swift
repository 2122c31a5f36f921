/// Decides which server may append to an upload. Pure: times are those of the engine's clock, in seconds since 1970.
///
/// A lease is a numbered object that its holder renews. The next number may be created, by one server only, once the holder has
/// released its lease, or has not renewed it for ``expiry``. A holder that was suspended, or had no connection to the engine, may
/// find out late that there is a newer lease. Its tail and its lease have its own number, which the new holder does not read. A
/// part that it was sending already is stored all the same, under the number that the new holder uses, too: the bytes are those
/// that the client sends for that place, to whichever server. Before a file is published its holder looks once more.
struct LeaseStateMachine: Sendable, Equatable {
  /// How often a lease is renewed, in seconds.
  static let renewal: Int64 = 5
  /// How long after its last renewal a lease is valid, in seconds.
  static let expiry: Int64 = 15

  /// The newest lease of an upload as it was read.
  struct Seen: Sendable, Equatable {
    var number: Int
    /// When it was written last.
    var modified: Int64
    var isReleased: Bool

    /// Whether its holder may still use it.
    func isLiving(at now: Int64) -> Bool {
      guard !isReleased else { return false }
      let (age, overflows) = now.subtractingReportingOverflow(modified)
      return overflows ? now < modified : age < LeaseStateMachine.expiry
    }
  }

  enum Decision: Sendable, Equatable {
    /// Create the lease of that number.
    case create(Int)
    /// Another server is appending to the upload.
    case busy
  }

  /// What is to be done before the holder writes its lease.
  enum Step: Sendable, Equatable {
    case write
    /// Find out whether another server has taken over: call ``verified(isSuperseded:at:)``.
    case verify
    /// The lease is another server's, or was released.
    case stop
  }

  private enum State: Equatable {
    /// - Parameters:
    ///   - verified: when there was no newer lease.
    ///   - written: when it was written last.
    case held(verified: Int64, written: Int64)
    case lost
    case released
  }

  private var state: State

  /// Decides about an append.
  /// - Parameter newest: nil where there is no lease.
  static func decide(_ newest: Seen?, at now: Int64) -> Decision {
    guard let newest else { return .create(1) }
    guard !newest.isLiving(at: now), newest.number < UnfinishedPart.highestNumber else { return .busy }
    return .create(newest.number + 1)
  }

  /// A lease that was created just now.
  /// - Parameter now: when that began.
  init(at now: Int64) {
    state = .held(verified: now, written: now)
  }

  /// Whether another server has taken over.
  var isLost: Bool { state == .lost }

  /// - Parameters:
  ///   - now: when the lease is about to be written.
  ///   - isFinal: whether a newer lease must be looked for in any case: what follows cannot be undone.
  func step(at now: Int64, isFinal: Bool = false) -> Step {
    switch state {
    case .held(let verified, _): return isFinal || Self.isOver(Self.renewal, verified, now) ? .verify : .write
    case .lost, .released: return .stop
    }
  }

  /// The holder has found out whether another server has taken over.
  /// - Parameter now: when it began to do so.
  mutating func verified(isSuperseded: Bool, at now: Int64) {
    guard case .held(_, let written) = state else { return }
    state = isSuperseded ? .lost : .held(verified: now, written: written)
  }

  /// The holder has written its lease.
  /// - Parameters:
  ///   - start: when the request began: the lease counts as written then.
  ///   - end: when it had succeeded.
  /// - Returns: whether to look for a newer lease once more: another server may have found this one expired before.
  mutating func wrote(from start: Int64, to end: Int64) -> Bool {
    guard case .held(let verified, let written) = state else { return false }
    state = .held(verified: verified, written: start)
    return Self.isOver(Self.expiry - Self.renewal, written, end)
  }

  private static func isOver(_ limit: Int64, _ start: Int64, _ now: Int64) -> Bool {
    let (age, overflows) = now.subtractingReportingOverflow(start)
    return overflows || age >= limit
  }

  /// The holder has no further use for it.
  mutating func release() { if case .held = state { state = .released } }
}
