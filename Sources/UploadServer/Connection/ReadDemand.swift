/// Back-pressure: remembers a read of the socket that was not allowed, so that it is made up for once.
struct ReadDemand {
  private var isPending = false

  /// A handler wants to read from the socket.
  /// - Returns: whether to read now; otherwise ``resume(isAllowed:isWanted:)`` will say so.
  mutating func request(isAllowed: Bool) -> Bool {
    if !isAllowed { isPending = true }
    return isAllowed
  }

  /// What reads depend on may have changed.
  /// - Parameter isWanted: whether to read although no read is pending.
  /// - Returns: whether to read now.
  mutating func resume(isAllowed: Bool, isWanted: Bool = false) -> Bool {
    guard isPending || isWanted, isAllowed else { return false }
    isPending = false
    return true
  }
}
