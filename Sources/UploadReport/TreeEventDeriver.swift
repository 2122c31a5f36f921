import UploadCore

/// What of a tree's files is reported besides the tree itself.
package enum TreeReporting: Sendable, Equatable {
  /// All files as if there were no trees; and the ends of trees with more than ``TreeEventDeriver/manyFiles`` files.
  case everyFile
  /// Of trees with more than `files` files only the failures, at most `failures` of each tree; nil for all of them. Such
  /// a tree has events of its own: its beginning, stalls, its progress and its end.
  case together(above: UInt64, failures: UInt64? = nil)
}

/// What has happened to a tree, or the files of a form, as a whole.
package enum TreeChange: Sendable, Equatable {
  case started
  case progress
  /// All of its active files are stalled, or none is active and more are expected.
  case stalled
  /// It moves again. `seconds` is the time since the last byte before the stall.
  case resumed(seconds: Double)
  /// It has ended. `unlisted` is how many of its failures have no event of their own.
  case ended(unlisted: UInt64)
}

/// Derives the events of trees from consecutive snapshots, and which of their files are reported on their own: part of
/// the ``EventDeriver``.
struct TreeEventDeriver: Sendable {
  /// A tree with more files than this is too long to list.
  static let manyFiles: UInt64 = 20

  private struct Key: Hashable, Sendable {
    let direction: UploadDirection
    let id: String
  }

  private struct History {
    var reportedAt: ContinuousClock.Instant
    var stalledSince: ContinuousClock.Instant?
    /// Failures with an event of their own.
    var listed: UInt64 = 0
    var hasEnded = false
  }

  private let reporting: TreeReporting
  private let interval: Duration?
  /// Of the trees that are reported together.
  private var histories: [Key: History] = [:]

  init(_ reporting: TreeReporting, interval: Duration?) { (self.reporting, self.interval) = (reporting, interval) }

  /// Notes which trees a snapshot has. Call it before ``reports(_:)``.
  /// - Returns: `started` for the new ones.
  mutating func begin(_ snapshot: Snapshot) -> [UploadEvent] {
    var known: [Key: History] = [:]
    var events: [UploadEvent] = []
    for group in snapshot.groups where isLarge(group) {
      let key = Key(direction: group.direction, id: group.id)
      if var history = histories[key] {
        // A file that began later continues it.
        if history.hasEnded, !group.hasEnded { history = History(reportedAt: snapshot.at) }
        known[key] = history
      } else {
        known[key] = History(reportedAt: snapshot.at)
        if reporting != .everyFile, !group.hasEnded { events.append(.tree(group, .started)) }
      }
    }
    histories = known
    return events
  }

  private func isLarge(_ group: GroupSnapshot) -> Bool {
    switch reporting {
    case .everyFile: group.filesKnown > Self.manyFiles
    case .together(let above, _): group.filesKnown > above
    }
  }

  /// Whether an upload has events of its own.
  mutating func reports(_ upload: UploadSnapshot) -> Bool {
    guard case .together(_, let limit) = reporting, let group = upload.group else { return true }
    let key = Key(direction: upload.direction, id: group.id)
    guard let history = histories[key] else { return true }
    guard case .failed = upload.outcome, limit.map({ history.listed < $0 }) ?? true else { return false }
    histories[key]?.listed += 1
    return true
  }

  /// Whether an upload belongs to a tree that is reported together: its beginning is none of its own.
  func covers(_ upload: UploadSnapshot) -> Bool {
    guard reporting != .everyFile, let group = upload.group else { return false }
    return histories[Key(direction: upload.direction, id: group.id)] != nil
  }

  /// The further events of the trees, to be reported after those of their files.
  mutating func end(_ snapshot: Snapshot) -> [UploadEvent] {
    snapshot.groups.flatMap { events(of: $0, at: snapshot.at) }
  }

  private mutating func events(of group: GroupSnapshot, at now: ContinuousClock.Instant) -> [UploadEvent] {
    let key = Key(direction: group.direction, id: group.id)
    guard var history = histories[key], !history.hasEnded else { return [] }
    defer { histories[key] = history }
    if group.hasEnded {
      history.hasEnded = true
      let unlisted = group.filesFailed > history.listed ? group.filesFailed - history.listed : 0
      return [.tree(group, .ended(unlisted: unlisted))]
    }
    guard reporting != .everyFile else { return [] }
    if group.isStalled {
      guard history.stalledSince == nil else { return [] }
      history.stalledSince = now - .seconds(min(max(0, group.stalledSeconds), 1e9))
      return [.tree(group, .stalled)]
    }
    if let since = history.stalledSince {
      history.stalledSince = nil
      return [.tree(group, .resumed(seconds: (now - since).inSeconds))]
    }
    guard let interval, !group.isResting, now - history.reportedAt >= interval else { return [] }
    history.reportedAt = now
    return [.tree(group, .progress)]
  }
}
