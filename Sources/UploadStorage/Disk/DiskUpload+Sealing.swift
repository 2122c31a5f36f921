import NIOCore
import NIOPosix
import UploadCore

/// The end of an upload: the last bytes, the digests, the sync, and the name.
extension DiskUpload {
  struct Sealing {
    var end: FileEnd
    /// The file gets its name in the same piece of work: two turns of a worker and the loop less.
    var isPublished: Bool
    var promise: EventLoopPromise<FinishingFile.Finished>
  }

  func seal(_ end: FileEnd) -> EventLoopFuture<SealedUpload> {
    finish(end, isPublished: false).map(\.upload)
  }

  func store(_ end: FileEnd) -> EventLoopFuture<StoredFile> {
    finish(end, isPublished: true).flatMapThrowing { finished in
      guard let stored = finished.stored else { throw UploadError(.internalFailure, "The file got no name.") }
      return stored
    }
  }

  func keep(as name: FileName) -> EventLoopFuture<StoredFile> {
    var end = FileEnd(name: name)
    end.onDuplicate = .rename
    return store(end)
  }

  private func finish(_ end: FileEnd, isPublished: Bool) -> EventLoopFuture<FinishingFile.Finished> {
    let promise = eventLoop.makePromise(of: FinishingFile.Finished.self)
    guard !isOver, sealing == nil else {
      promise.fail(UploadError(.cancelled, "The upload was ended before it was stored."))
      return promise.futureResult
    }
    sealing = Sealing(end: end, isPublished: isPublished, promise: promise)
    pump()
    return promise.futureResult
  }

  /// Writes what is left, compares the digests, notes what is known, syncs, and gives the file its name where that is
  /// asked for. A file that has not been begun is small, and goes with others.
  func writeTail() {
    guard let sealing else { return }
    let (slab, staged) = (filling, staged)
    releaseFilling()
    self.staged = nil
    let tail = plan.tail(slab?.count ?? staged?.readableBytes ?? 0, isAligned: slab != nil)
    isPublishing = sealing.isPublished
    let finishing = FinishingFile(
      isPublished: sealing.isPublished,
      onDuplicate: sealing.end.onDuplicate,
      isLarge: tail.piece.end >= WritePlan.largeFrom,
      write: lastWrite(tail, slab, staged, sealing.end)
    )
    let finished =
      file == nil
      ? group.finish(finishing, on: eventLoop)
      : workers.runIfActive(eventLoop: eventLoop) { [directory, configuration] in
        try directory.finish([finishing], configuration)[0].get()
      }
    wait(for: finished) { upload, result in
      if let slab { upload.giveBack(slab) }
      upload.isPublishing = false
      upload.sealed(tail.piece.count, result, sealing)
    }
  }

  /// What a worker has to do before the sync.
  private func lastWrite(
    _ tail: WritePlan.Tail,
    _ slab: Slab?,
    _ staged: ByteBuffer?,
    _ end: FileEnd
  ) -> @Sendable () throws -> SealedUpload {
    // Every slab before is through: this is the hash of all of them.
    { [file, directory, meter, hash = hashing?.hash] in
      let file = try file ?? directory.createPartial()
      if let slab { try file.write(tail.piece, slab.filled, padding: slab.pad(to: WritePlan.alignment)) }
      try staged?.withUnsafeReadableBytes { try file.write(tail.piece, $0) }
      if tail.needsTruncation { try file.truncate(to: tail.piece.end) }
      var hash = try hash?.get()
      if let slab { hash?.update(slab.filled) }
      staged?.withUnsafeReadableBytes { hash?.update($0) }
      var digests = hash?.digests ?? ContentDigests()
      if let late = end.late { digests.fill(from: try file.digests(late, length: tail.piece.end)) }
      try digests.require(end.expected)
      file.note(type: end.type, sha256: digests.sha256)
      try file.applyMode()
      return SealedUpload(
        meter: meter,
        name: end.name,
        type: end.type,
        digests: digests,
        condition: end.condition,
        file: file
      )
    }
  }

  private func sealed(_ count: Int, _ result: Result<FinishingFile.Finished, any Error>, _ sealing: Sealing) {
    switch result {
    case .success(let finished):
      file = finished.upload.file
      meter.addStored(count)
      if finished.stored != nil, configuration.durability != .none { meter.markDurable() }
      guard !isOver else { return finishEnding() }
      // From here on the file belongs to who asked for it to be sealed.
      isOver = true
      slowness?.cancel()
      file = nil
      self.sealing = nil
      sealing.promise.succeed(finished)
    case .failure(let error):
      isOver ? finishEnding() : fail(error)
    }
  }
}
