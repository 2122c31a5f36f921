import NIOCore
import UploadCore

/// Writes the slabs of one upload into its file, on the workers, at most two at once. Lives on one event loop: every
/// call is made there.
///
/// ``WritePlan`` decides where the bytes go. A slab that is also hashed counts as being written until both are done.
/// Completions are called on the event loop, once; within the call itself when the workers have been shut down.
final class SlabWriter {
  /// How many writes run at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2

  let meter: UploadMeter
  private let directory: UploadDirectory
  private let onDuplicate: DuplicatePolicy
  private let workers: WorkerPool
  let eventLoop: any EventLoop
  /// The hash of all slabs that have been hashed, or why there is none; nil when no digest is computed.
  private var hash: Result<any ContentHash, any Error>?
  /// The hash that the next slab is added to, once the slabs before are hashed.
  private var nextHash: EventLoopFuture<any ContentHash>?
  private var plan: WritePlan
  /// Nil until the first write, or ``open(if:then:)``, has created it.
  private var file: PartialFile?
  private var runningWork = 0
  /// Syncs of the file that run while it is written.
  private var runningSyncs = 0
  /// Whether ``open(if:then:)`` has begun and its completion has not been called.
  private(set) var isOpening = false

  /// - Parameters:
  ///   - hash: has all bytes before the first slab; nil for none.
  ///   - plan: where the first slab goes.
  init(
    meter: UploadMeter,
    hash: (any ContentHash)?,
    plan: WritePlan,
    finalizer: Finalizer,
    eventLoop: any EventLoop
  ) {
    self.meter = meter
    (directory, onDuplicate) = (finalizer.directory, finalizer.configuration.onDuplicate)
    workers = finalizer.workers
    self.eventLoop = eventLoop
    self.hash = hash.map { .success($0) }
    nextHash = hash.map { eventLoop.makeSucceededFuture($0) }
    self.plan = plan
  }

  /// Whether another slab may be written now. The first write also creates the file, so it runs alone.
  var canWrite: Bool { runningWork < (file == nil ? 1 : Self.writesAtOnce) }

  /// Whether no work on the file is running.
  var isIdle: Bool { runningWork == 0 && runningSyncs == 0 }

  /// Whether the file has been created or opened.
  var isOpened: Bool { file != nil }

  /// The hash of all slabs so far, when ``isIdle``; nil when no digest is computed, or that has failed.
  var currentHash: (any ContentHash)? { try? hash?.get() }

  // MARK: Opening

  /// Checks the condition, if there is one, and creates the file and reserves its blocks if it is large and of known
  /// size. Does nothing if neither applies. Call it before the first write.
  /// - Parameter completion: called only when something was done, with success or the reason why the upload fails.
  func open(if condition: PublishCondition?, then completion: @escaping (Result<Void, any Error>) -> Void) {
    let range = plan.reserveWhole()
    guard range != nil || condition != nil else { return }
    isOpening = true
    let opened = workers.runIfActive(eventLoop: eventLoop) { [directory, onDuplicate] () throws -> PartialFile? in
      if let condition { try directory.current().check(condition, onDuplicate: onDuplicate) }
      guard let range else { return nil }
      let file = try directory.createPartial()
      try file.reserve(range)
      return file
    }
    wait(for: opened) { result in
      self.isOpening = false
      if case .success(.some(let file)) = result { self.file = file }
      completion(result.map { _ in () })
    }
  }

  /// Opens the file of an unfinished upload, and reserves the blocks of those bytes that are yet to come if it is large
  /// and of known size. Call it before the first write.
  /// - Parameters:
  ///   - upload: the file, opened on a worker.
  ///   - completion: gets the bytes of an earlier request that the first slab begins with.
  func open(
    _ upload: EventLoopFuture<UnfinishedFile>,
    then completion: @escaping (Result<ByteBuffer, any Error>) -> Void
  ) {
    let range = plan.reserveWhole()
    isOpening = true
    let opened = upload.flatMap { [workers, eventLoop] upload in
      workers.runIfActive(eventLoop: eventLoop) { () throws -> UnfinishedFile in
        do {
          if let range { try upload.file.reserve(range) }
        } catch {
          upload.file.discard()
          throw error
        }
        return upload
      }
    }
    wait(for: opened) { result in
      self.isOpening = false
      if case .success(let upload) = result { self.file = upload.file }
      completion(result.map { ByteBuffer(bytes: $0.prefix) })
    }
  }

  /// Checks whether `count` bytes would fit on the disk, and reserves nothing.
  /// - Returns: fails with ``UploadError`` with code `diskFull` when they would not, or `CancellationError` when the
  ///   workers were shut down before.
  func checkSpace(_ count: UInt64) -> EventLoopFuture<Void> {
    workers.runIfActive(eventLoop: eventLoop) { [directory] in try directory.space.check(count) }
  }

  // MARK: Writing

  /// Writes a slab behind those written before; call it only while ``canWrite``. Its content must be whole blocks
  /// (``WritePlan/alignment``), and must not change until the completion is called.
  /// - Parameter completion: gets how many bytes were written, or why they were not.
  func write(_ slab: Slab, then completion: @escaping (Result<Int, any Error>) -> Void) {
    let extent = plan.next(slab.count)
    let hashed = addToHash(slab)
    let written = workers.runIfActive(eventLoop: eventLoop) { [file, directory] () throws -> PartialFile in
      let file = try file ?? directory.createPartial()
      try file.write(extent, slab.filled)
      return file
    }
    // Both read the slab, which must not change until both have ended.
    wait(for: hashed?.flatMap { written } ?? written) { result in
      if case .success(let file) = result { self.file = file }
      completion(result.map { _ in extent.count })
    }
  }

  /// Hashes a slab on a worker, in the order of the file: writes run two at once and end in any order, so each slab waits
  /// for the one before here, not in a worker.
  /// - Returns: succeeds when hashing the slab has ended, in failure too; nil when no digest is computed.
  private func addToHash(_ slab: Slab) -> EventLoopFuture<Void>? {
    guard let previous = nextHash else { return nil }
    let next = previous.flatMap { [workers, eventLoop] hash in
      workers.runIfActive(eventLoop: eventLoop) { () -> any ContentHash in
        var hash = hash
        hash.update(slab.filled)
        return hash
      }
    }
    nextHash = next
    next.assumeIsolated().whenComplete { self.hash = $0 }
    return next.map { _ in }.recover { _ in }
  }

  /// The tail for the ``Finalizer``; call it once, when ``isIdle`` and every slab has been written. Its file is nil
  /// where none has been created yet: then the upload is small.
  /// - Parameters:
  ///   - content: the bytes that are left.
  ///   - reread: computes digests for which the whole file is read again; nil for none.
  func tail(
    _ content: FileTail.Content,
    _ request: FinalizeRequest,
    reread: (any ContentHash)? = nil
  ) -> FileTail {
    FileTail(
      request: request,
      meter: meter,
      file: file,
      placement: placement(of: content),
      content: content,
      // Every slab before is hashed: this is the hash of all of them.
      hash: hash,
      reread: reread
    )
  }

  /// Where the bytes that are left go; call it once, when every slab has been written.
  func placement(of content: FileTail.Content) -> WritePlan.Tail {
    plan.tail(content.count, isAligned: content.isAligned)
  }

  /// Counts `outcome` as work on the file until it is complete, and then calls `completion`.
  func wait<Outcome: Sendable>(
    for outcome: EventLoopFuture<Outcome>,
    then completion: @escaping (Result<Outcome, any Error>) -> Void
  ) {
    runningWork += 1
    outcome.assumeIsolated().whenComplete { result in
      self.runningWork -= 1
      completion(result)
    }
  }

  /// Counts `outcome` as a sync of the file, during which slabs are written, until it is complete; then calls
  /// `completion`.
  func sync<Outcome: Sendable>(
    _ outcome: EventLoopFuture<Outcome>,
    then completion: @escaping (Result<Outcome, any Error>) -> Void
  ) {
    runningSyncs += 1
    outcome.assumeIsolated().whenComplete { result in
      self.runningSyncs -= 1
      completion(result)
    }
  }

  // MARK: The end

  /// Drops the reference to the file without closing it; call it when the finalizer has staged or published the file.
  func releaseFile() {
    file = nil
  }

  /// Has a worker delete the file, if one has been created. Does nothing while work on it is running: call it again
  /// after that.
  func discardFile() {
    guard isIdle, let file else { return }
    self.file = nil
    discard(file)
  }

  /// Deletes a file. That frees its blocks, which takes time, so a worker does it.
  func discard(_ file: PartialFile) {
    workers.submit { _ in file.discard() }
  }
}
