package import TerminalUI
package import UploadCore

/// Everything that can happen to the dashboard; what follows from it is ``DashboardModel/update(_:)``'s to say.
package enum DashboardMessage: Sendable {
  /// A key, a paste, the mouse, a new size of the window.
  case input(InputEvent)
  /// All meters copied at one instant, and the time of day then.
  case snapshot(Snapshot, ClockTime)
  /// Room on the file system that uploads go to, in bytes; nil when it cannot be known.
  case freeSpace(UInt64?)
  /// The answer to ``DashboardEffect/readDirectory(_:)``.
  case directory(DirectoryListing)
  /// The answer to ``DashboardEffect/check(paths:target:)``.
  case checked(SendCheck)
  /// What was to be sent is in line; the first file of it as this upload.
  case queued(UploadID)
  /// Something the user should know, and that no upload tells.
  case note(NoteLevel, String)
}

/// How much a note matters.
package enum NoteLevel: String, Sendable, CaseIterable {
  case info
  case warning
  case error
}
