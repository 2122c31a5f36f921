import UploadCore

/// The rows of one tree in an ``UploadList``: its own, and while it is open those of some of its files. Bounded: a tree
/// of 100,000 files has no more than one of ten, apart from its active ones.
struct UploadTree: Sendable {
  /// The most failed files that have a row: the first ones.
  static let failedLimit = 20
  /// The most complete files that have a row: the last ones.
  static let finishedLimit = 5

  /// The id of the tree's own row.
  let row: UploadID
  var isOpen = false
  /// Whether the user has cleared the row of the ended tree.
  var isCleared = false
  /// Active files, in the order of the snapshot.
  private(set) var active: [UploadID] = []
  private(set) var failed: [UploadID] = []
  /// In the order of their ends.
  private(set) var finished: [UploadID] = []
  /// The memory of the active files together, in bytes.
  private(set) var residentBytes = 0
  /// The active file whose next attempt begins first; nil when none waits for one.
  private var retrying: UploadSnapshot?
  private var hasMovingFile = false

  /// - Parameter group: of an outgoing tree of the upload queue, the row has the id of its job.
  init(_ group: GroupSnapshot) { row = (group.direction == .outgoing ? UploadID(group.id) : nil) ?? UploadID() }

  /// A tree whose row the user has cleared, or that was dropped: it has none until a further file begins.
  init(clearing tree: UploadTree) { (row, isCleared) = (tree.row, true) }

  /// The files that have a row while the tree is open, in the order of the rows.
  var files: [UploadID] { active + failed + finished.reversed() }

  /// The file whose next attempt begins first while none of the active ones moves; otherwise nil.
  var retry: UploadSnapshot? { hasMovingFile ? nil : retrying }

  /// Begins a new snapshot: call ``add(_:)`` for each of the tree's files in it.
  /// - Returns: the files that were active before.
  mutating func beginUpdate() -> [UploadID] {
    defer { (active, residentBytes, retrying, hasMovingFile) = ([], 0, nil, false) }
    return active
  }

  /// Adds a file of the snapshot. Cancelled ones are only counted.
  /// - Returns: whether it has a row, and the file that has none any more because of that.
  mutating func add(_ upload: UploadSnapshot) -> (isListed: Bool, removed: UploadID?) {
    switch upload.outcome {
    case nil:
      active.append(upload.id)
      residentBytes += min(max(0, upload.residentBytes), Int.max - residentBytes)
      noteState(of: upload)
      return (true, nil)
    case .failed:
      guard failed.count < Self.failedLimit, !failed.contains(upload.id) else { return (false, nil) }
      failed.append(upload.id)
      return (true, nil)
    case .finished:
      guard !finished.contains(upload.id) else { return (true, nil) }
      finished.append(upload.id)
      return (true, finished.count > Self.finishedLimit ? finished.removeFirst() : nil)
    case .cancelled: return (false, nil)
    }
  }

  private mutating func noteState(of upload: UploadSnapshot) {
    switch upload.state {
    case .waiting where upload.retryReason != nil:
      if upload.retryIn ?? .infinity < retrying?.retryIn ?? .infinity || retrying == nil { retrying = upload }
    case .waiting, .paused, .interrupted: break
    case .waitingForMemory, .receiving, .sending, .limited, .stalled, .finishing, .done, .failed, .cancelled:
      hasMovingFile = true
    }
  }
}

extension UploadRecord {
  /// What a tree's row is drawn from, with the first ones of its failures.
  struct Tree: Sendable {
    var now: GroupSnapshot
    var isOpen = false
    /// Names and messages of the first failures.
    var failures: [(name: String, message: String)] = []
  }
}
