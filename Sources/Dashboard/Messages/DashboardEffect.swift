package import UploadCore

/// What the dashboard wants done; it does nothing itself. Answers come as ``DashboardMessage``.
package enum DashboardEffect: Hashable, Sendable {
  /// Send files, in this order.
  case send(paths: [String], target: SendDestination, mode: UploadMode)
  /// End an upload, whichever way it goes.
  case cancel(UploadID)
  /// Send the file of an outgoing upload that has ended once more.
  case retry(UploadID)
  /// Read a directory beside this thread. The path may be relative or begin with `~`.
  case readDirectory(String)
  /// Look whether files can be sent, and whether there is such a place to send them to.
  case check(paths: [String], target: SendDestination)
  /// Put text on the user's clipboard, and say with a note where it went.
  case copy(String)
  case setMouse(Bool)
  /// Keep what the user likes.
  case save(DashboardSettings)
  /// Send the whole screen again: something else has written on it.
  case redraw
  /// Give the terminal back to the shell until it continues us.
  case suspend
  /// End the program: uploads that run are ended.
  case quit
}

/// Where files are sent to.
package enum SendDestination: Hashable, Sendable {
  /// The server that this dashboard hosts.
  case ownServer
  /// Any other, as the user typed it.
  case url(String)
}
