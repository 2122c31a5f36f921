import UploadCore

/// Notices when uploads have run, or requests were rejected, and nothing happens any more.
struct IdleWatch {
  /// Without an upload for so long, the process counts as idle.
  private static let idleAfter = Duration.seconds(1)

  /// When the last upload was seen; nil once its end has been told.
  private var lastActive: ContinuousClock.Instant?

  /// Whether something has happened, and the end of that has still to be reported.
  var isPending: Bool { lastActive != nil }

  /// - Returns: true once each time that something has happened and nothing has for a second.
  mutating func becomesIdle(with snapshot: Snapshot) -> Bool {
    if !snapshot.uploads.isEmpty || !snapshot.rejected.isEmpty || snapshot.hasUnreportedRejections {
      lastActive = snapshot.at
    } else if let last = lastActive, snapshot.at - last >= Self.idleAfter {
      lastActive = nil
      return true
    }
    return false
  }
}
