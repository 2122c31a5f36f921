import TerminalUI
import UploadCore

/// Marked uploads, and the commands that apply to them: to all marked ones, or to the selected one if none is marked.
extension DashboardModel {
  // MARK: Marks

  /// Marks the selected upload or removes its mark, and selects the next one.
  mutating func toggleMark() {
    guard let id = selected?.id else { return }
    if marks.remove(id) == nil { marks.insert(id) }
    move(.down)
  }

  /// Inverts the marks of all uploads that have a row in the list: marks all of them if none is marked.
  mutating func invertMarks() {
    marks.formSymmetricDifference(shown[direction].shown)
    note(
      .info,
      marks.isEmpty ? "no upload is marked" : "\(Figures.count(marks.count, "upload is", "uploads are")) marked"
    )
  }

  /// Removes the marks of uploads that are not listed any more.
  mutating func dropLostMarks() {
    guard !marks.isEmpty else { return }
    marks = marks.filter { live.incoming[$0] != nil || live.outgoing[$0] != nil }
  }

  /// The uploads that a command applies to, as they are now: the marked ones, in the order of their rows, without the
  /// files of marked trees; the selected one if none is marked.
  var chosenUploads: [UploadRecord] {
    guard !marks.isEmpty else { return selected.map { [live[$0.now.direction][$0.id] ?? $0] } ?? [] }
    let records = UploadDirection.allCases.flatMap { direction in
      let (list, rows) = (live[direction], shown[direction].shown.filter(marks.contains))
      // Those that the filter hides, or a closed tree.
      let hidden = marks.subtracting(rows).filter { list[$0] != nil }.sorted { $0.description < $1.description }
      return (rows + hidden).compactMap { list[$0] }
    }
    let trees = Set(records.compactMap { $0.tree?.now.id })
    return records.filter { record in !record.isInTree || record.now.group.map { !trees.contains($0.id) } ?? true }
  }

  /// Which commands have uploads to apply to: the marked ones, or the selected one as it is shown if none is marked. With
  /// thousands of marks it takes a while: ask once for all commands.
  var commandTargets: CommandTargets {
    CommandTargets(marks.isEmpty ? selected.map { [$0] } ?? [] : chosenUploads)
  }

  /// Whether `r` sends an upload again: a file of a tree is sent again with that.
  static func isRetriable(_ record: UploadRecord) -> Bool {
    !record.isRunning && record.now.direction == .outgoing && !record.isInTree
  }

  // MARK: Cancel and retry

  /// Asks whether to cancel.
  mutating func askToCancel() {
    let running = chosenUploads.filter(\.isRunning)
    guard let first = running.first else { return }
    guard running.count == 1 else {
      let incoming = running.count { $0.now.direction == .incoming }
      return question = .cancelMarked(running.map(\.id), incoming: incoming)
    }
    let (name, direction) = (first.now.name, first.now.direction)
    question =
      first.tree == nil
      ? .cancel(first.id, name: name, direction: direction) : .cancelTree(first.id, name: name, direction: direction)
  }

  /// The effects that cancel an upload or a tree: an outgoing tree is an upload of the queue, an incoming one the files
  /// that are being received.
  func cancel(_ id: UploadID) -> [DashboardEffect] {
    guard let record = live.incoming[id], record.tree != nil else { return [.cancel(id)] }
    return live.incoming.activeFiles(of: id).map { .cancel($0) }
  }

  /// The effects that cancel those of several uploads that still run.
  func cancelAll(_ ids: [UploadID]) -> [DashboardEffect] {
    ids.filter { (live.incoming[$0] ?? live.outgoing[$0])?.isRunning == true }.flatMap(cancel)
  }

  mutating func retry() -> [DashboardEffect] {
    guard acceptsUploads() else { return [] }
    let uploads = chosenUploads.filter(Self.isRetriable)
    // The new attempts must be visible, and the old ones have been dealt with.
    frozen = nil
    marks.subtract(uploads.map(\.id))
    return uploads.map { .retry($0.id) }
  }

  // MARK: Pause

  /// Pauses the uploads that run, or continues them when all are paused; says in a note what is not possible.
  mutating func pause() -> [DashboardEffect] {
    let uploads = chosenUploads
    let possible = uploads.filter { $0.pauseObstacle == nil }
    guard !possible.isEmpty else {
      if let obstacle = uploads.first?.pauseObstacle { note(.warning, obstacle) }
      return []
    }
    let resumes = possible.allSatisfy(\.isPaused)
    let changed = possible.filter { $0.isPaused == resumes }
    // The result must be visible, and a further press apply to the same upload: a paused one has another row.
    frozen = nil
    places[direction, default: ListPlace()].anchor = .upload
    if uploads.count > 1 {
      let left = uploads.count - possible.count
      let rest = left > 0 ? "; \(left) cannot be paused" : ""
      note(.info, "\(resumes ? "resumed" : "paused") \(Figures.count(changed.count, "upload", "uploads"))\(rest)")
    }
    return changed.map { record in
      if let group = record.incomingTree { return .setTreePaused(group, !resumes) }
      return .setPaused(record.id, !resumes)
    }
  }

  // MARK: Limit

  /// The lowest limit that applies to an upload, or to the files of a tree together, beside its own one; nil for none. A
  /// form is one request, and so one upload for the server.
  private func outerLimit(of record: UploadRecord) -> OuterLimit? {
    var limits = [OuterLimit(live[record.now.direction].treeLimit(of: record), .tree)]
    if record.now.direction == .incoming {
      limits.append(OuterLimit(facts.rateLimit, .server))
      if record.tree == nil || record.now.mode == .multipart {
        limits.append(OuterLimit(facts.rateLimitPerUpload, .server))
      }
    }
    return limits.compactMap { $0 }.min { $0.bytesPerSecond < $1.bytesPerSecond }
  }

  /// Steps the limit of the uploads through ``RateSteps``.
  mutating func stepLimit(lower: Bool) -> [DashboardEffect] {
    let uploads = chosenUploads.filter(\.canLimit)
    let steps = uploads.compactMap { record -> (record: UploadRecord, limit: UInt64?, text: String)? in
      let outer = outerLimit(of: record)
      return RateSteps.next(after: record.now.limit, lower: lower, below: outer).map { limit in
        (record: record, limit: limit, text: RateSteps.text(limit, outer))
      }
    }
    guard let first = steps.first else {
      guard let upload = uploads.first else { return [] }
      let text = RateSteps.text(upload.now.limit, outerLimit(of: upload))
      let isUnlimited = upload.now.limit == nil && outerLimit(of: upload) == nil
      note(.info, isUnlimited ? "there is no limit" : "\(text) is the \(lower ? "lowest" : "highest")")
      return []
    }
    frozen = nil
    places[direction, default: ListPlace()].anchor = .upload
    // The next step begins here, before a snapshot shows it.
    for step in steps { live.setLimit(step.record.id, step.limit) }
    let names = steps.count == 1 ? first.record.now.name : "\(steps.count) uploads"
    let isSame = steps.allSatisfy { $0.text == first.text }
    note(.info, isSame ? "\(first.text): \(names)" : "limits of \(names) \(lower ? "lowered" : "raised")")
    return steps.map { step in
      if let group = step.record.incomingTree { return .setTreeLimit(group, step.limit) }
      return .setLimit(step.record.id, step.limit)
    }
  }

  // MARK: Quit

  /// How many uploads end when the program quits: those that move or are queued; paused incoming ones, whose clients are
  /// connected; and paused outgoing trees, of which the next process knows no more than files that had begun.
  var unfinishedCount: Int { live.runningCount + live.incoming.pausedCount + live.outgoing.pausedTreeCount }

  /// Quits; asks while uploads run.
  mutating func quit() -> [DashboardEffect] {
    guard unfinishedCount > 0 || isQuitting else { return [.quit] }
    question = .quit(running: unfinishedCount, isQuitting: isQuitting)
    return []
  }

  /// Quits when all uploads have finished, and accepts no new ones until then; or takes that back.
  mutating func setQuitting(_ isQuitting: Bool) -> [DashboardEffect] {
    guard isQuitting != self.isQuitting else { return [] }
    self.isQuitting = isQuitting
    guard isQuitting else {
      note(.info, "new uploads are accepted again")
      return [.acceptUploads(true)]
    }
    note(.info, "quits when all uploads have finished; new ones are rejected")
    return [.acceptUploads(false)] + quitWhenFinished()
  }

  /// Quits if that was to happen when all uploads have finished, and they have. A resumable one whose client may only be
  /// between two requests has not.
  func quitWhenFinished() -> [DashboardEffect] {
    isQuitting && unfinishedCount == 0 && live.incoming.betweenRequestsCount == 0 && isIdle ? [.quit] : []
  }

  /// Whether uploads may begin; adds a note when not, since the program is about to quit.
  mutating func acceptsUploads() -> Bool {
    if isQuitting {
      note(.warning, "no new uploads: the program quits when all have finished. Press q to change that.")
    }
    return !isQuitting
  }
}

/// Which commands have uploads to apply to.
struct CommandTargets {
  /// Whether there are any uploads.
  let isEmpty: Bool
  private(set) var hasRunning = false
  private(set) var hasRetriable = false
  private(set) var hasLimitable = false
  /// Whether there is one that can be paused or continued.
  private(set) var hasPausable = false
  /// Whether the key for pausing continues them: all that can be are paused.
  var resumes: Bool { hasPausable && !hasUnpaused }
  private var hasUnpaused = false

  init(_ uploads: [UploadRecord]) {
    isEmpty = uploads.isEmpty
    for upload in uploads {
      if upload.isRunning { hasRunning = true }
      if DashboardModel.isRetriable(upload) { hasRetriable = true }
      if upload.canLimit { hasLimitable = true }
      guard upload.pauseObstacle == nil else { continue }
      hasPausable = true
      if !upload.isPaused { hasUnpaused = true }
    }
  }
}

extension UploadRecord {
  /// The id of the group if this is the row of an incoming tree; nil for all others.
  fileprivate var incomingTree: String? { now.direction == .incoming ? tree?.now.id : nil }

  /// Whether a limit on the rate has an effect.
  var canLimit: Bool { isRunning && now.state != .finishing }

  /// Why the upload or tree can neither be paused nor continued, as a note; nil if it can.
  var pauseObstacle: String? { tree.map(\.now.pauseObstacle) ?? now.pauseObstacle }
}

extension GroupSnapshot {
  /// Why the tree can neither be paused nor continued, as a note; nil if it can.
  fileprivate var pauseObstacle: String? {
    if hasEnded { return "this tree has ended: it cannot be paused" }
    // A pause can be ended while no client is connected.
    guard direction == .incoming, !isPaused, filesPaused == 0, filesResting == filesActive else { return nil }
    return "no file of this tree arrives now: it cannot be paused"
  }
}

extension UploadSnapshot {
  /// Why the upload can neither be paused nor continued, as a note; nil if it can.
  fileprivate var pauseObstacle: String? {
    if outcome != nil { return "this upload has ended: it cannot be paused" }
    if isQueued, state != .paused { return "this upload has not begun: it cannot be paused" }
    if state == .finishing { return "this upload is finishing: it cannot be paused" }
    if direction == .incoming {
      // Without this, its client would continue it paused.
      if isPausedWhileInterrupted { return nil }
      if state == .interrupted { return "this upload is interrupted: only its client can continue it" }
      return canPause ? nil : "this upload cannot be paused now"
    }
    return canPause ? nil : "only a resumable upload can be paused, and this one is not"
  }
}
