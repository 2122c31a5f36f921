package import UploadCore

extension GroupSnapshot {
  /// The whole tree as one upload, so that it is drawn like one.
  /// - Parameters:
  ///   - name: nil for ``title``.
  ///   - residentBytes: of its active files together.
  package func upload(
    id: UploadID = UploadID(),
    name: String? = nil,
    residentBytes: Int = 0,
    peakResidentBytes: Int = 0
  ) -> UploadSnapshot {
    var upload = UploadSnapshot.queued(id: id, mode: mode, name: name ?? title, size: bytes, remote: remote)
    upload.direction = direction
    upload.sender = sender
    upload.isQueued = false
    (upload.state, upload.outcome) = (state, outcome)
    upload.isPausedWhileInterrupted = isPaused && upload.state == .interrupted
    upload.cause = isStalled ? (direction == .incoming ? .client : .server) : nil
    upload.stalledSeconds = stalledSeconds
    upload.bytes = bytesMoved
    let isConfirmed = direction == .incoming || hasEnded
    upload.stored = isConfirmed ? bytesFinished : nil
    upload.durable = upload.stored
    (upload.speed, upload.averageSpeed, upload.eta, upload.seconds) = (speed, averageSpeed, eta, seconds)
    upload.limit = limit
    (upload.residentBytes, upload.peakResidentBytes) = (residentBytes, peakResidentBytes)
    return upload
  }

  /// What it does, as if it were one upload.
  package var state: UploadState {
    switch outcome {
    case .finished: return .done
    case .failed: return .failed
    case .cancelled: return .cancelled
    case nil: break
    }
    if isStalled { return .stalled }
    if isResting { return direction == .incoming && filesPaused == 0 ? .interrupted : .paused }
    return direction == .incoming ? .receiving : .sending
  }

  /// How it has ended; nil while it runs. It has failed when any of its files has, or was not sent.
  package var outcome: UploadOutcome? {
    guard hasEnded else { return nil }
    if filesFailed == 0, filesCancelled == 0, filesLeft == 0 {
      return .finished(FinishedUpload(path: title, bytes: bytesFinished))
    }
    if isCancelled || filesFailed == 0 && filesCancelled > 0 { return .cancelled }
    let verb = direction == .incoming ? "stored" : "sent"
    return .failed(UploadError(.incomplete, "\(filesText) \(verb); \(lossText)."))
  }
}

extension Snapshot {
  /// The running trees with more than `files` files, and all uploads that belong to none of them.
  package func separatingTrees(above files: UInt64) -> (trees: [GroupSnapshot], files: [UploadSnapshot]) {
    let trees = groups.filter { $0.filesKnown > files }
    guard !trees.isEmpty else { return ([], uploads) }
    let rest = uploads.filter { upload in
      !trees.contains { $0.direction == upload.direction && $0.id == upload.group?.id }
    }
    return (trees.filter { !$0.hasEnded }, rest)
  }
}
