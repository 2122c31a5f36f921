import Synchronization

/// Counts the writes to standard output that begin and end. Callable from any thread.
package final class OutputProgress: Sendable {
  private let begun = Atomic<UInt64>(0)
  private let ended = Atomic<UInt64>(0)

  init() {}

  func begin() { begun.add(1, ordering: .relaxed) }

  func end() { ended.add(1, ordering: .relaxed) }

  /// The number of writes that have ended; nil while none is under way.
  package var endedWhileWriting: UInt64? {
    let ended = ended.load(ordering: .relaxed)
    return begun.load(ordering: .relaxed) > ended ? ended : nil
  }
}

/// Detects that the rest of the output is not read: a write is under way, and none has ended for ``limit``. A pure state
/// machine: the caller passes the time, and asks often.
package struct UnreadOutput {
  /// Longer than a reader pauses that reads at all; a user who stops the program waits for it.
  package static let limit = Duration.seconds(3)

  private var last: (ended: UInt64, at: ContinuousClock.Instant)?

  package init() {}

  /// - Parameter ended: of the ``OutputProgress``: nil while nothing is written.
  /// - Returns: whether to give up the rest of the output.
  package mutating func isUnread(_ ended: UInt64?, at now: ContinuousClock.Instant) -> Bool {
    guard let ended else {
      last = nil
      return false
    }
    if let last, last.ended == ended { return now - last.at >= Self.limit }
    last = (ended, now)
    return false
  }
}
