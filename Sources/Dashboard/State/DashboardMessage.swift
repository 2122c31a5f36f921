package import TerminalUI
package import UploadCore

/// An event for the dashboard, which ``DashboardModel/update(_:)`` handles.
package enum DashboardMessage: Sendable {
  /// An event of the terminal: a key, a paste, the mouse, a new size, the focus of its window, or its end.
  case input(InputEvent)
  /// Files of the command line, by absolute paths, are to be sent to the first target of the send dialog.
  case given([String])
  /// The running and queued uploads at one instant, and those that ended since the previous snapshot; with the local
  /// time of that instant. Every snapshot must arrive, in order: each reports an end only once.
  case snapshot(Snapshot, ClockTime)
  /// Free space on the file system that uploads are stored on, in bytes; nil when it is unknown.
  case freeSpace(UInt64?)
  /// The result of ``DashboardEffect/readDirectory(_:)``; one that is no longer needed is ignored.
  case directory(DirectoryListing)
  /// The result of ``DashboardEffect/check(paths:target:)``; one that is no longer needed is ignored.
  case checked(SendCheck)
  /// The result of ``DashboardEffect/countDirectory(_:)``; one that is no longer needed is ignored.
  case counted(DirectoryCount)
  /// Files were queued because of ``DashboardEffect/send(paths:target:mode:)`` or ``DashboardEffect/retry(_:)``; the
  /// first of them is this upload. The next snapshot selects its row, if it has one.
  case queued(UploadID)
  /// A text for the log and the footer that belongs to no upload, without control characters. After an `error`, no file
  /// to send counts as pending: it may be the one that could not be queued.
  case note(NoteLevel, String)
}

/// The severity of a note.
package enum NoteLevel: Sendable, CaseIterable {
  case info, warning, error
}

/// A request of the dashboard to the program around it, which performs it after ``DashboardModel/update(_:)`` has
/// returned it. Results arrive as ``DashboardMessage``.
package enum DashboardEffect: Hashable, Sendable {
  /// Queue the files and directories at these absolute paths for sending, in this order. The results are
  /// ``DashboardMessage/queued(_:)``, and a note of level `error` for files that could not be queued.
  case send(paths: [String], target: SendDestination, mode: UploadMode)
  /// Cancel a running or queued upload of either direction, or a tree of the queue.
  case cancel(UploadID)
  /// Pause a running upload that can be paused, or a tree of the queue, or continue one that is paused.
  case setPaused(UploadID, Bool)
  /// Pause the files of an incoming tree, by the id of its group, or continue them.
  case setTreePaused(String, Bool)
  /// Limit the rate of a running or queued upload, or of a tree of the queue, in bytes per second; nil for no limit.
  case setLimit(UploadID, UInt64?)
  /// Limit the rate of an incoming tree as a whole, by the id of its group.
  case setTreeLimit(String, UInt64?)
  /// Send the file or directory of an ended outgoing upload again, as a new upload: the result is ``DashboardMessage/queued(_:)``,
  /// or a note of level `error`.
  case retry(UploadID)
  /// Read a directory on another thread. The path may be relative or begin with `~`. The result is
  /// ``DashboardMessage/directory(_:)``.
  case readDirectory(String)
  /// Check on another thread whether files can be read, and whether the target is a valid one. The result is
  /// ``DashboardMessage/checked(_:)``.
  case check(paths: [String], target: SendDestination)
  /// Count on another thread what a directory contains. The result is ``DashboardMessage/counted(_:)``.
  case countDirectory(String)
  /// Stop all counting: the results are of stopped counts.
  case stopCounting
  /// Copy a text to the user's clipboard, and report with a note what was copied.
  case copy(CopySource)
  case setMouse(Bool)
  /// Tell the user what has happened, by a bell or a notification of the desktop. The text has no control characters.
  case notify(NotificationMode, String)
  /// Accept uploads of other programs from now on, or reject new ones; running ones are not affected.
  case acceptUploads(Bool)
  /// Store the settings for the next run.
  case save(DashboardSettings)
  /// Make a change in the stored targets. A note says when that fails.
  case saveTarget(TargetChange)
  /// Send the whole screen again, after something else has written to the terminal.
  case redraw
  /// Restore the terminal, and stop the process until the shell resumes it.
  case suspend
  /// Cancel running uploads and end the program, without asking.
  case quit
}

/// What is copied to the user's clipboard.
package enum CopySource: Hashable, Sendable {
  /// A link that opens the upload page.
  case link(String)
  /// The URL of a file that was sent, as the server has stated it.
  case url(String, name: String)
  /// The path of a file that was sent.
  case path(String, name: String)
  /// The file of this name in the upload directory: its URL where clients can download it, otherwise its path. The second
  /// name is safe to show.
  case received(NameBytes, name: String)
}

/// Where files are sent.
package enum SendDestination: Hashable, Sendable {
  /// The server in this process.
  case ownServer
  /// Another server, by the address that the user typed: not checked.
  case url(String)
}

/// Counts the effects whose results have not arrived yet: listings, checks, counts, and files to send.
struct PendingEffects: Sendable {
  /// How many directory listings, checks of files and counts have been requested; 0 or more.
  private var readings = 0
  /// How many of the files to send have not appeared in a snapshot yet; 0 or more.
  private var uploads = 0

  var isEmpty: Bool { readings == 0 && uploads == 0 }

  /// Adds effects that are about to be performed; those without a result are ignored.
  mutating func add(_ effects: [DashboardEffect]) {
    for effect in effects {
      switch effect {
      case .readDirectory, .check, .countDirectory: readings += 1
      case .send(let paths, _, _): uploads += paths.count
      case .retry: uploads += 1
      case .cancel, .setPaused, .setTreePaused, .setLimit, .setTreeLimit, .stopCounting, .copy, .setMouse, .notify,
        .acceptUploads, .save, .saveTarget, .redraw, .suspend, .quit:
        break
      }
    }
  }

  /// Removes the effects whose results a message contains.
  /// - Parameter isKnown: whether an earlier snapshot had this outgoing upload.
  mutating func remove(_ message: DashboardMessage, isKnown: (UploadID) -> Bool) {
    switch message {
    case .directory, .checked, .counted: readings = max(0, readings - 1)
    case .snapshot(let snapshot, _) where uploads > 0:
      uploads = max(0, uploads - snapshot.uploads.count { $0.direction == .outgoing && !isKnown($0.id) })
    // Files that could not be queued are reported as an error.
    case .note(.error, _): uploads = 0
    case .snapshot, .input, .given, .freeSpace, .queued, .note: break
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

  /// Hours, minutes and seconds, two digits each: `18:39:10`.
  package var text: String { [hour, minute, second].map { TimeText.padded($0) }.joined(separator: ":") }

  /// Seconds since an earlier time, which was less than a day before, perhaps before midnight: 0 to 86,399.
  func seconds(since earlier: ClockTime) -> Int {
    let difference = secondOfDay &- earlier.secondOfDay
    return difference < 0 ? difference &+ 86_400 : difference
  }

  /// Seconds since midnight. Overflow wraps around, so that no invalid time can end the program.
  private var secondOfDay: Int { (hour &* 60 &+ minute) &* 60 &+ second }
}
