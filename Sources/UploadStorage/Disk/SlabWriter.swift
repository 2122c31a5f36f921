import NIOCore
import UploadCore

/// Writes the slabs of one upload into its file, on the workers, at most two at once. Lives on one event loop.
///
/// ``WritePlan`` decides where the bytes go. A slab that is also hashed counts as being written until both are done. Each
/// completion is called once, on the event loop; within the call itself when the workers have been shut down.
final class SlabWriter {
  /// Writes at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2

  private let directory: UploadDirectory
  private let workers: WorkerPool
  private let eventLoop: any EventLoop
  private let hashing: HashChain?
  private var plan: WritePlan
  /// nil until the first write, or a reserve, has created it.
  private var file: PartialFile?
  private var runningWork = 0
  /// Whether the condition is being checked, or the file created and its blocks reserved.
  private(set) var isOpening = false

  /// - Parameters:
  ///   - size: of the content in bytes, as far as it is known.
  ///   - isExact: whether it will be exactly that; otherwise it is an upper limit.
  init(
    size: UInt64?,
    isExact: Bool,
    hash: (any ContentHash)?,
    directory: UploadDirectory,
    workers: WorkerPool,
    eventLoop: any EventLoop
  ) {
    self.directory = directory
    self.workers = workers
    self.eventLoop = eventLoop
    hashing = hash.map { HashChain($0, workers: workers, eventLoop: eventLoop) }
    plan = WritePlan(size: size, isExact: isExact)
  }

  /// Whether another slab can be written now. The first write also creates the file, so it runs alone.
  var canWrite: Bool {
    runningWork < (file == nil ? 1 : Self.writesAtOnce)
  }

  /// Whether no work on the file is running.
  var isIdle: Bool { runningWork == 0 }

  // MARK: Opening

  /// What to reserve before the first byte; nil where nothing is.
  func reserveWhole() -> Range<UInt64>? {
    plan.reserveWhole()
  }

  /// Checks the condition, then creates the file and reserves its blocks where its size is known.
  func open(
    if condition: PublishCondition?,
    reserving range: Range<UInt64>?,
    then completion: @escaping (Result<Void, any Error>) -> Void
  ) {
    isOpening = true
    let opened = work { [directory] () throws -> PartialFile? in
      if let condition { try directory.current().check(condition) }
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

  /// Checks whether so many bytes would fit.
  /// - Returns: fails with ``UploadError`` with code `diskFull` when they would not.
  func checkSpace(_ count: UInt64) -> EventLoopFuture<Void> {
    workers.runIfActive(eventLoop: eventLoop) { [directory] in try directory.space.check(count) }
  }

  // MARK: Writing

  /// Writes a slab behind those before; it must not change until the completion is called.
  /// - Parameter completion: gets how many bytes were written, or why they were not.
  func write(_ slab: Slab, then completion: @escaping (Result<Int, any Error>) -> Void) {
    let piece = plan.next(slab.count)
    let written = work(beside: hashing?.add(slab)) { [file, directory] () throws -> PartialFile in
      let file = try file ?? directory.createPartial()
      try file.write(piece, slab.filled)
      return file
    }
    wait(for: written) { result in
      if case .success(let file) = result { self.file = file }
      completion(result.map { _ in piece.count })
    }
  }

  /// What the ``Finalizer`` has to write. A file that has not been created yet is small.
  /// - Parameter content: what is left, once every write has ended.
  func tail(_ content: FileTail.Content, _ request: FinalizeRequest, _ meter: UploadMeter) -> FileTail {
    FileTail(
      request: request,
      meter: meter,
      file: file,
      placement: plan.tail(content.count, isAligned: content.isAligned),
      content: content,
      // Every slab before is hashed: this is the hash of all of them.
      hash: hashing?.hash
    )
  }

  /// Runs blocking work on a worker.
  /// - Parameter other: work that uses the same slab and has to end as well.
  private func work<Outcome: Sendable>(
    beside other: EventLoopFuture<Void>? = nil,
    _ body: @escaping @Sendable () throws -> Outcome
  ) -> EventLoopFuture<Outcome> {
    let own = workers.runIfActive(eventLoop: eventLoop, body)
    guard let other else { return own }
    return EventLoopFuture<Void>.andAllComplete([own.map { _ in }, other], on: eventLoop).flatMap { own }
  }

  /// Counts work on the file until it has ended.
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

  // MARK: The end

  /// The file belongs to the finalizer, or has its name.
  func releaseFile() {
    file = nil
  }

  /// Deletes the file, where there is one; when no work on it is running any more.
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
