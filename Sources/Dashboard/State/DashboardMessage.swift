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
  /// The result of ``DashboardEffect/readDirectory(_:)``.
  case directory(DirectoryListing)
  /// The result of ``DashboardEffect/check(paths:target:)``.
  case checked(SendCheck)
  /// What was to be sent is queued, the first file of it as this upload.
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

/// What the dashboard wants done; it does nothing itself. Results arrive as ``DashboardMessage``.
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

/// Effects that have been requested and whose results have not arrived.
struct PendingEffects: Hashable, Sendable {
  private var listings = 0
  private var checks = 0
  /// Files that are to be sent and have not begun to be.
  private var uploads = 0

  var isEmpty: Bool { listings == 0 && checks == 0 && uploads == 0 }

  mutating func take(_ effects: [DashboardEffect]) {
    for effect in effects {
      switch effect {
      case .readDirectory: listings += 1
      case .check: checks += 1
      case .send(let paths, _, _): uploads += paths.count
      case .retry: uploads += 1
      case .cancel, .copy, .setMouse, .save, .redraw, .suspend, .quit: break
      }
    }
  }

  /// - Parameter knows: whether an outgoing upload has been seen before.
  mutating func take(_ message: DashboardMessage, knows: (UploadID) -> Bool) {
    switch message {
    case .directory: listings = max(0, listings - 1)
    case .checked: checks = max(0, checks - 1)
    case .snapshot(let snapshot, _) where uploads > 0:
      let new = snapshot.uploads.count { $0.direction == .outgoing && !knows($0.id) }
      uploads = max(0, uploads - new)
    // An error reports what could not be begun.
    case .note(.error, _): uploads = 0
    case .snapshot, .input, .freeSpace, .queued, .note: break
    }
  }
}

/// A time of day, as the event log shows it. Views have no clock: the time arrives with a snapshot.
package struct ClockTime: Hashable, Sendable {
  /// 0 to 23.
  package var hour: Int
  package var minute: Int
  package var second: Int

  package init(hour: Int, minute: Int, second: Int) {
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// Seconds since an earlier time, less than a day before.
  func seconds(since earlier: ClockTime) -> Int {
    let difference = secondOfDay &- earlier.secondOfDay
    return difference < 0 ? difference &+ 86_400 : difference
  }

  /// Wraps around, so that no time, however wrong, ends the program.
  private var secondOfDay: Int { (hour &* 60 &+ minute) &* 60 &+ second }
}

extension ClockTime {
  /// `18:39:10`
  package var text: String {
    [hour, minute, second].map { TimeText.padded($0) }.joined(separator: ":")
  }
}
