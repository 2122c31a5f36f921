import UploadCore

/// Effects that have been asked for and not been answered.
struct AwaitedAnswers: Hashable, Sendable {
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
    // What could not be begun is told of so.
    case .note(.error, _): uploads = 0
    case .snapshot, .input, .freeSpace, .queued, .note: break
    }
  }
}
