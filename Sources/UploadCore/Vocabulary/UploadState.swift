/// What an upload is doing, as every face shows it.
package enum UploadState: String, Sendable, CaseIterable {
  /// Accepted, no byte of the body yet; next: any other.
  case waiting
  /// Incoming and moving.
  case receiving
  /// Outgoing and moving.
  case sending
  /// No slab is free in the budget.
  case waitingForMemory
  /// No byte for longer than `--stall-after`; always with a ``StallCause``.
  case stalled
  /// Held back by a rate limit.
  case limited
  /// Every byte has been taken; not all of it is durable yet, or the server has not answered yet.
  case finishing
  /// Over, and the file is where it belongs.
  case done
  /// Over, and nothing was stored.
  case failed
  /// Ended by somebody's wish.
  case cancelled
}
