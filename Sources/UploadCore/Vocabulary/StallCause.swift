/// Who an upload that does not move is waiting for.
package enum StallCause: String, Sendable, CaseIterable {
  /// The sender at the other end sends nothing.
  case client
  /// The receiver at the other end takes nothing, or does not answer (outgoing uploads only).
  case server
  /// Whoever writes what is sent writes nothing, such as a program before a pipe (outgoing uploads only).
  case input
  /// Writes to the disk are not coming back.
  case disk
  /// The memory budget is spent.
  case memory
  /// A rate limit holds it back.
  case limit
}
