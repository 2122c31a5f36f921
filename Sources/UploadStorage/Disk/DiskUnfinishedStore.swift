import Glibc
import NIOCore
import Synchronization
import UploadCore

/// Keeps the unfinished uploads of a ``DiskStore`` in the hidden directory of its upload directory. Retains nothing for
/// an upload except the state of its digest.
final class DiskUnfinishedStore: UnfinishedStore {
  let finalizer: Finalizer
  let sessions = UnfinishedSessions()
  let hashes = UnfinishedHashes()
  private let budget: MemoryBudget
  private let folders: UnfinishedFolders
  private let recovery: UnfinishedRecovery

  private var clock: UnfinishedClock { recovery.clock }
  private var workers: WorkerPool { finalizer.workers }

  init(finalizer: Finalizer, budget: MemoryBudget, clock: UnfinishedClock = .system) {
    self.finalizer = finalizer
    self.budget = budget
    folders = UnfinishedFolders(directory: finalizer.directory, durability: finalizer.configuration.durability)
    recovery = UnfinishedRecovery(finalizer: finalizer, clock: clock)
  }

  // MARK: Records

  func recover() -> [UnfinishedRecord] {
    // Without the directory there is nothing to continue; requests report why it is not available.
    guard let folder = try? folders.current() else { return [] }
    let records = recovery.recover(folder)
    if records.isEmpty { folder.removeIfEmpty() }
    return records
  }

  func create(_ record: UnfinishedRecord, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    workers.runIfActive(eventLoop: eventLoop) { [self] in
      let folder = try folders.created()
      if let length = record.length { try finalizer.directory.space.check(length) }
      var record = record
      (record.offset, record.state) = (0, .unfinished)
      try folder.write(UnfinishedEntry(record: record, bootID: clock.bootID))
    }
  }

  func find(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<UnfinishedRecord?> {
    whenIdle(id, on: eventLoop) { [self] in
      guard let folder = try folders.current() else { return nil }
      return current(id, in: folder)?.record
    }
  }

  /// The record of an upload with the offset that may be announced now.
  private func current(_ id: UnfinishedID, in folder: UnfinishedFolder) -> UnfinishedEntry? {
    // A request that ran at any time since may have been publishing the file.
    let wasActive = sessions.contains(id)
    guard var entry = folder.entry(id) else { return nil }
    guard wasActive || sessions.contains(id) else { return recovery.refreshed(entry, in: folder) }
    // Where nothing is synced, what is written is all that is promised.
    if finalizer.configuration.durability == .none, entry.record.state == .unfinished, clock.isSameBoot(entry),
      let counter = folder.counter(entry.record.id)
    {
      entry.record.offset = max(entry.record.offset, counter)
    }
    return entry
  }

  func update(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void
  ) -> EventLoopFuture<UnfinishedRecord?> {
    whenIdle(id, on: eventLoop) { [self] in
      guard let folder = try folders.current() else { return nil }
      let changed = try folder.change(id) { entry in
        var record = entry.record
        change(&record)
        (record.id, record.offset) = (id, entry.record.offset)
        // What is published, or is about to be, stays so.
        if entry.record.state != .unfinished || record.state != .gone { record.state = entry.record.state }
        entry.record = record
      }
      guard let changed else { return nil }
      guard changed.record.state == .gone else { return current(id, in: folder)?.record }
      folder.markGone(id)
      hashes.remember(nil, for: id)
      return folder.entry(id)?.record ?? changed.record
    }
  }

  func remove(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    hashes.remember(nil, for: id)
    return whenIdle(id, on: eventLoop) { [self] in try folders.current()?.remove(id) }
  }

  /// Has a worker run `body` when no request on an upload is about to end.
  private func whenIdle<Result: Sendable>(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable () throws -> Result
  ) -> EventLoopFuture<Result> {
    let workers = workers
    return sessions.ended(id, on: eventLoop).flatMap { workers.runIfActive(eventLoop: eventLoop, body) }
  }

  // MARK: Bytes

  func append(
    to record: UnfinishedRecord,
    isProvisional: Bool,
    meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any AppendSink {
    meter.resumeStored(at: record.offset)
    let digest = resumed(hash, record)
    let appending = UnfinishedAppend(
      store: self,
      record: record,
      isProvisional: isProvisional,
      digest: digest,
      meter: meter,
      opened: open(record, isProvisional: isProvisional, on: eventLoop)
    )
    let plan = WritePlan(
      size: record.length,
      isExact: record.length != nil,
      start: WritePlan.alignedStart(of: record.offset)
    )
    let writer = SlabWriter(meter: meter, hash: digest.hash, plan: plan, finalizer: finalizer, eventLoop: eventLoop)
    return DiskUpload(
      writer: writer,
      condition: nil,
      appending: appending,
      finalizer: finalizer,
      budget: budget,
      delegate: delegate
    )
  }

  private func resumed(_ hash: (any ContentHash)?, _ record: UnfinishedRecord) -> UnfinishedAppend.ResumedDigest {
    let base = WritePlan.alignedStart(of: record.offset)
    guard let hash else {
      hashes.remember(nil, for: record.id)
      return UnfinishedAppend.ResumedDigest()
    }
    let remembered = hashes.remove(record.id, base: base, like: hash)
    // The bytes of the first block are written again, and hashed then.
    if base == 0 { return UnfinishedAppend.ResumedDigest(hash: hash, remembered: remembered) }
    guard let remembered else { return UnfinishedAppend.ResumedDigest(reread: hash) }
    return UnfinishedAppend.ResumedDigest(hash: remembered.hash, remembered: remembered)
  }

  /// Opens the file of an upload once the request before has closed it.
  func open(
    _ record: UnfinishedRecord,
    isProvisional: Bool,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<UnfinishedFile> {
    let (previous, ended) = sessions.begin(record.id, on: eventLoop)
    let ready = previous?.hop(to: eventLoop) ?? eventLoop.makeSucceededVoidFuture()
    let promise = eventLoop.makePromise(of: UnfinishedFile.self)
    ready.whenComplete { [self] _ in
      workers.submit { [self] state in
        switch state {
        case .cancelled:
          ended.succeed()
          promise.fail(CancellationError())
        case .active:
          promise.completeWith(Result { try open(record, isProvisional: isProvisional) { ended.succeed() } })
        }
      }
    }
    return promise.futureResult
  }

  private func open(
    _ record: UnfinishedRecord,
    isProvisional: Bool,
    onEnd: @escaping @Sendable () -> Void
  ) throws -> UnfinishedFile {
    let folder: UnfinishedFolder
    do {
      guard let current = try folders.current() else { throw UnfinishedFile.gone }
      folder = current
    } catch {
      onEnd()
      throw error
    }
    return try UnfinishedFile.open(
      record,
      isProvisional: isProvisional,
      in: folder,
      of: finalizer.directory,
      clock: clock,
      onEnd: onEnd
    )
  }

  func firstBytes(_ record: UnfinishedRecord, count: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
    whenIdle(record.id, on: eventLoop) { [self] in
      guard let folder = try folders.current() else { return ByteBuffer() }
      let file = DescriptorReserve.openFile { folder.open(.data, of: record.id, O_RDONLY) }
      guard file >= 0 else {
        if errno == ENOENT { return ByteBuffer() }
        throw StorageError.uploadFailed("open")
      }
      defer { DescriptorReserve.closeFile(file) }
      let wanted = min(max(0, count), Int(clamping: record.offset))
      var bytes = [UInt8](repeating: 0, count: wanted)
      var done = 0
      while done < wanted {
        let read = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress?.advanced(by: done), wanted - done, done) }
        if read < 0, errno == EINTR { continue }
        guard read >= 0 else { throw StorageError.uploadFailed("read") }
        guard read > 0 else { break }
        done += read
      }
      return ByteBuffer(bytes: bytes.prefix(done))
    }
  }

  func concatenate(
    _ parts: [UnfinishedRecord],
    into record: UnfinishedRecord,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<UInt64> {
    let concatenation: UnfinishedConcatenation
    do throws(UploadError) {
      concatenation = try UnfinishedConcatenation(parts, into: record, finalizer: finalizer)
    } catch {
      return eventLoop.makeFailedFuture(error)
    }
    hashes.remember(nil, for: record.id)
    let opened = open(record, isProvisional: true, on: eventLoop)
    return opened.flatMap { upload in concatenation.run(upload, on: eventLoop) }
  }
}
