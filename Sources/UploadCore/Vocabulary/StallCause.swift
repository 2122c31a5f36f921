/// Who an upload that does not move is waiting for.
package enum StallCause: String, Sendable, CaseIterable {
  /// The sender at the other end sends nothing.
  case client
  /// The receiver at the other end takes nothing (outgoing uploads only).
  case server
  /// Writes to the disk are not coming back.
  case disk
  /// The memory budget is spent.
  case memory
  /// A rate limit holds it back.
  case limit
}
