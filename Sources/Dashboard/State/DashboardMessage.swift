package import TerminalUI
package import UploadCore

/// An event for the dashboard, which ``DashboardModel/update(_:)`` handles.
package enum DashboardMessage: Sendable {
  /// A key, a paste, a mouse event, or a new size of the terminal.
  case input(InputEvent)
  /// The state of all uploads at one instant, and the local time of that instant.
  case snapshot(Snapshot, ClockTime)
  /// Free space on the file system that uploads are stored on, in bytes; nil when it is unknown.
  case freeSpace(UInt64?)
  /// The result of ``DashboardEffect/readDirectory(_:)``.
  case directory(DirectoryListing)
  /// The result of ``DashboardEffect/check(paths:target:)``.
  case checked(SendCheck)
  /// Files were queued for sending; the first of them is this upload.
  case queued(UploadID)
  /// A text for the user that belongs to no upload.
  case note(NoteLevel, String)
}

/// The severity of a note.
package enum NoteLevel: Sendable, CaseIterable {
  case info, warning, error
}

/// A request of the dashboard to the program around it. Results arrive as ``DashboardMessage``.
package enum DashboardEffect: Hashable, Sendable {
  /// Queue files for sending, in this order.
  case send(paths: [String], target: SendDestination, mode: UploadMode)
  /// Cancel an upload of either direction.
  case cancel(UploadID)
  /// Send the file of an ended outgoing upload again.
  case retry(UploadID)
  /// Read a directory on another thread. The path may be relative or begin with `~`.
  case readDirectory(String)
  /// Check whether files can be read, and whether the target is a valid one.
  case check(paths: [String], target: SendDestination)
  /// Copy text to the user's clipboard, and report the result with a note.
  case copy(String)
  case setMouse(Bool)
  /// Store the settings.
  case save(DashboardSettings)
  /// Send the whole screen again, after something else has written to the terminal.
  case redraw
  /// Return to the shell until it resumes the process.
  case suspend
  /// End the program and cancel running uploads.
  case quit
}

/// Where files are sent.
package enum SendDestination: Hashable, Sendable {
  /// The server in this process.
  case ownServer
  /// Another server, by the address that the user typed.
  case url(String)
}

/// Effects whose results have not arrived yet.
struct PendingEffects: Sendable {
  /// Requested directory listings and checks of files.
  private var readings = 0
  /// Files to send that no snapshot has shown yet.
  private var uploads = 0

  var isEmpty: Bool { readings == 0 && uploads == 0 }

  /// Counts effects that are about to be performed.
  mutating func add(_ effects: [DashboardEffect]) {
    for effect in effects {
      switch effect {
      case .readDirectory, .check: readings += 1
      case .send(let paths, _, _): uploads += paths.count
      case .retry: uploads += 1
      case .cancel, .copy, .setMouse, .save, .redraw, .suspend, .quit: break
      }
    }
  }

  /// Counts the results that a message contains.
  /// - Parameter isKnown: whether an earlier snapshot had this outgoing upload.
  mutating func remove(_ message: DashboardMessage, isKnown: (UploadID) -> Bool) {
    switch message {
    case .directory, .checked: readings = max(0, readings - 1)
    case .snapshot(let snapshot, _) where uploads > 0:
      uploads = max(0, uploads - snapshot.uploads.count { $0.direction == .outgoing && !isKnown($0.id) })
    // Files that could not be queued are reported as an error.
    case .note(.error, _): uploads = 0
    case .snapshot, .input, .freeSpace, .queued, .note: break
    }
  }
}

/// A local time of day. Views have no clock: the time arrives with each snapshot.
package struct ClockTime: Hashable, Sendable {
  /// 0 to 23.
  package var hour: Int
  /// 0 to 59.
  package var minute: Int
  /// 0 to 60.
  package var second: Int

  package init(hour: Int, minute: Int, second: Int) { (self.hour, self.minute, self.second) = (hour, minute, second) }

  /// `18:39:10`
  package var text: String { [hour, minute, second].map { TimeText.padded($0) }.joined(separator: ":") }

  /// Seconds since an earlier time, which was less than a day before.
  func seconds(since earlier: ClockTime) -> Int {
    let difference = secondOfDay &- earlier.secondOfDay
    return difference < 0 ? difference &+ 86_400 : difference
  }

  /// Overflow wraps around, so that no invalid time can end the program.
  private var secondOfDay: Int { (hour &* 60 &+ minute) &* 60 &+ second }
}
