import NIOCore
import UploadCore

/// What a ``DiskUpload`` that continues an unfinished upload knows of that. Lives on its event loop.
final class UnfinishedAppend {
  private let store: DiskUnfinishedStore
  private let id: UnfinishedID
  private let meter: UploadMeter
  /// The file, once a worker has opened it.
  let opened: EventLoopFuture<UnfinishedFile>
  let checkpoints: CheckpointTimer
  /// Bytes of earlier requests that are written again and have not been counted yet.
  private var repeated: Int
  private let digest: ResumedDigest
  /// Whether ``remember(_:before:)`` or ``notePublished()`` has been called.
  private var isSettled = false
  private let isProvisional: Bool

  /// How the digest of the whole content continues.
  struct ResumedDigest: Sendable {
    /// The hash of all bytes before the first block that this request writes; nil where it is not known.
    var hash: (any ContentHash)?
    /// A new hash for the whole content, where the bytes before the offset have to be read again; otherwise nil.
    var reread: (any ContentHash)?
    /// What was remembered, to be remembered again when the request is aborted.
    var remembered: UnfinishedHashes.State?
  }

  init(
    store: DiskUnfinishedStore,
    record: UnfinishedRecord,
    isProvisional: Bool,
    digest: ResumedDigest,
    meter: UploadMeter,
    opened: EventLoopFuture<UnfinishedFile>
  ) {
    self.store = store
    self.meter = meter
    self.opened = opened
    self.digest = digest
    self.isProvisional = isProvisional
    id = record.id
    repeated = Int(truncatingIfNeeded: record.offset % UInt64(WritePlan.alignment))
    checkpoints = CheckpointTimer(isProvisional: isProvisional, eventLoop: opened.eventLoop)
  }

  /// How many of the next `count` written bytes had not been stored before.
  func newBytes(of count: Int) -> Int {
    let old = min(count, repeated)
    repeated -= old
    return count - old
  }

  // MARK: Work on the file

  /// Makes the bytes durable that have been written so far, and records their offset.
  func checkpoint() -> EventLoopFuture<Void> {
    recorded { upload in try upload.checkpoint() }.map { _ in }
  }

  /// Writes the bytes that are left, records the offset, and closes the file.
  /// - Returns: the offset in bytes.
  func suspend(_ placement: WritePlan.Tail, _ content: FileTail.Content) -> EventLoopFuture<UInt64> {
    recorded { upload in try content.withBytes { bytes in try upload.suspend(placement, bytes) } }
  }

  private func recorded(
    _ body: @escaping @Sendable (UnfinishedFile) throws -> UInt64
  ) -> EventLoopFuture<UInt64> {
    let (meter, workers) = (meter, store.finalizer.workers)
    let isSynced = store.finalizer.configuration.durability != .none
    return opened.flatMapWithEventLoop { upload, eventLoop in
      workers.runIfActive(eventLoop: eventLoop) {
        let offset = try body(upload)
        if isSynced { meter.markDurable(upTo: offset) }
        return offset
      }
    }
  }

  /// Publishes the file, and records that.
  func finalize(_ tail: FileTail) -> EventLoopFuture<StoredFile> {
    let finalizer = store.finalizer
    return opened.flatMapWithEventLoop { upload, eventLoop in finalizer.finalize(tail, of: upload, on: eventLoop) }
  }

  /// Whether the request must end after a checkpoint has failed: the upload is gone, or its directory.
  func isFatal(_ error: any Error) -> Bool {
    guard !StorageError.isFailedSync(error), let error = error as? UploadError else { return true }
    return error.code == .uploadGone || error.code == .directoryUnavailable
  }

  // MARK: The end

  /// A hash for which the whole file is read again at the end; nil where that is not necessary.
  var lateHash: (any ContentHash)? { digest.reread }

  /// Notes that the request is about to end: from now on other calls for the upload wait for that.
  func noteEnding() { store.sessions.noteEnding(id) }

  /// Remembers the digest for the next request.
  /// - Parameters:
  ///   - hash: of all bytes before `base`; nil where it is not known.
  ///   - base: a multiple of ``WritePlan/alignment``.
  func remember(_ hash: (any ContentHash)?, before base: UInt64) {
    isSettled = true
    store.hashes.remember(hash.map { UnfinishedHashes.State(base: base, hash: $0) }, for: id)
  }

  func notePublished() {
    isSettled = true
    store.hashes.remember(nil, for: id)
  }

  /// Ends the timer; call it once the request is over.
  func end() {
    checkpoints.cancel()
    // The offset has not changed, so what was remembered is still right.
    if !isSettled, isProvisional { store.hashes.remember(digest.remembered, for: id) }
  }
}

extension Finalizer {
  /// Stages and publishes the file of an unfinished upload, and records both: after a crash in between, the next start
  /// finds out whether the file has its name. Does not block.
  /// - Returns: fails with ``UploadError``, or `CancellationError` when the workers were shut down before.
  func finalize(
    _ tail: FileTail,
    of upload: UnfinishedFile,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<StoredFile> {
    workers.runIfActive(eventLoop: eventLoop) { [self] in
      // Another request must not find a file that is about to be published, nor one that was rejected just now.
      upload.progress.retain()
      defer { upload.progress.release() }
      do {
        let staged = try stage([tail])[0].get()
        upload.progress.commit()
        try upload.beginPublishing(staged.request, staged.digests, length: tail.placement.extent.end)
        let stored = try publish([[staged]])[0].get()[0]
        upload.notePublished(stored)
        return stored
      } catch {
        upload.notePublishingFailed(error)
        throw error
      }
    }
  }
}
