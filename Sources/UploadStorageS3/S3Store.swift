package import NIOCore
package import UploadCore
package import UploadStorage

/// How an ``S3Store`` stores and serves files.
package struct S3StoreConfiguration: Sendable {
  /// What the keys of all objects begin with; empty for the whole bucket.
  package var prefix: String
  /// What happens when a file of that name exists and the request does not say.
  package var onDuplicate: DuplicatePolicy
  /// The smallest size of parts, in bytes; see ``PartPlan``.
  package var partSize: UInt64
  /// How clients get the content of files.
  package var downloads: S3Downloads

  package init(
    prefix: String = "",
    onDuplicate: DuplicatePolicy = .rename,
    partSize: UInt64 = PartPlan.defaultSize,
    downloads: S3Downloads = .proxy
  ) {
    (self.prefix, self.onDuplicate, self.partSize, self.downloads) = (prefix, onDuplicate, partSize, downloads)
  }
}

/// Stores uploads as objects of one bucket of an S3-compatible engine. Parts of large files are spooled in a local directory,
/// so that they can be sent again, and memory stays flat.
package final class S3Store: UploadStore {
  private let parts: S3StoreParts
  private let naming: ObjectNaming
  private let claims: ObjectClaims
  private let reading: ObjectReading
  private let uploads: S3UnfinishedStore
  /// What happens when a file of that name exists and the request does not say.
  package let onDuplicate: DuplicatePolicy

  /// - Parameters:
  ///   - capabilities: what the engine was seen to support.
  ///   - directory: where parts are spooled.
  ///   - workers: a pool of ``WorkerPool/diskThreads``, used for nothing else; its owner shuts it down.
  ///   - eventLoopGroup: passes the content of downloads on.
  package init(
    _ requests: any S3Requests,
    capabilities: S3Capabilities,
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    eventLoopGroup: any EventLoopGroup,
    configuration: S3StoreConfiguration = S3StoreConfiguration()
  ) {
    naming = ObjectNaming(prefix: configuration.prefix)
    claims = ObjectClaims(requests, naming, capabilities)
    onDuplicate = configuration.onDuplicate
    let publisher = ObjectPublisher(
      requests: requests,
      naming: naming,
      claims: claims,
      capabilities: capabilities,
      onDuplicate: configuration.onDuplicate
    )
    parts = S3StoreParts(
      requests: requests,
      publisher: publisher,
      cleanup: ObjectCleanup(requests, claims),
      directory: directory,
      workers: workers,
      budget: budget,
      partSize: configuration.partSize
    )
    uploads = S3UnfinishedStore(parts, eventLoopGroup: eventLoopGroup)
    reading = ObjectReading(
      requests: requests,
      naming: naming,
      downloads: configuration.downloads,
      eventLoopGroup: eventLoopGroup
    )
  }

  // MARK: Storing

  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    let plan: PartPlan
    do throws(UploadError) {
      plan = try PartPlan(size: meter.size, chosen: parts.partSize)
    } catch {
      delegate.sinkFailed(error)
      return RejectedSink(error, on: eventLoop)
    }
    return S3Upload(
      meter,
      spool: PartSpool(
        plan,
        hash: WholeHash(hash),
        hashesParts: parts.requests.signsFiles,
        directory: parts.directory,
        workers: parts.workers,
        on: eventLoop
      ),
      condition: condition,
      store: parts,
      on: eventLoop,
      delegate: delegate
    )
  }

  package func check(_ condition: PublishCondition, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    eventLoop.makeFutureWithTask { [publisher = parts.publisher] in try await publisher.check(condition) }
  }

  package func store(
    _ files: [CompleteFile],
    on eventLoop: any EventLoop,
    completion: @escaping @Sendable ([Result<StoredFile, any Error>]) -> Void
  ) {
    let together = StoredTogether(files.count, on: eventLoop, completion: completion)
    for (index, file) in files.enumerated() {
      Task { [publisher = parts.publisher] in
        // The result is complete before the index is read: see `FormPublisher`.
        let result: Result<StoredFile, any Error>
        do throws(UploadError) {
          result = .success(try await publisher.store(file))
        } catch {
          result = .failure(error)
        }
        together.complete(index, result)
      }
    }
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    guard let own = files as? [StagedObject] else {
      return eventLoop.makeFailedFuture(UploadError(.internalFailure, "A staged file belongs to another store."))
    }
    let publisher = FormPublisher(store: parts)
    return eventLoop.makeFutureWithTask { try await publisher.publish(own) }
  }

  package func discard(_ files: [any StagedFile]) {
    for file in files { (file as? StagedObject)?.discard() }
  }

  package var unfinished: (any UnfinishedStore)? { uploads }

  // MARK: Upkeep

  /// Removes what servers have left that died: unfinished uploads that have expired, claims that none renews, and the parts of
  /// their uploads.
  /// - Returns: how many uploads were removed.
  /// - Throws: ``UploadError``; then some may be left.
  package func sweep() async throws(UploadError) -> Int {
    var (count, failure): (Int, UploadError?) = (0, nil)
    do throws(UploadError) {
      count = try await uploads.sweep()
    } catch {
      failure = error
    }
    count += try await storing { () async throws(S3Failure) in try await claims.sweep() }
    if let failure { throw failure }
    return count
  }

  /// Waits until the parts of cancelled uploads are deleted, at most for a time. Call it when no upload runs any more.
  package func finishCleaning(within limit: Duration) async { await parts.cleanup.finish(within: limit) }

  package var counters: StoreCounters? {
    let operations = parts.requests.snapshot().operations
    return StoreCounters(
      bounds: S3ClientSnapshot.bounds,
      operations: S3Operation.allCases.compactMap { operation in
        operations[operation].map { StoreCounters.Operation(operation.metricName, $0) }
      }
    )
  }

  // MARK: Reading

  package func check() async throws {
    _ = try await storing { () async throws(S3Failure) in
      try await parts.requests.head(naming.probe + "check", isPatient: false)
    }
  }

  package func open(_ path: NameBytes) async throws -> (any OpenFile)? {
    guard ObjectNaming.isPath(path), let key = try? naming.key(path) else { return nil }
    do throws(S3Failure) {
      return try await parts.requests.head(key, isPatient: false).flatMap { reading.file($0) }
    } catch {
      throw error.reading
    }
  }

  package func open<Result: Sendable>(
    _ name: NameBytes,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable (any OpenFile) throws -> Result
  ) -> EventLoopFuture<Result?> {
    eventLoop.makeFutureWithTask { [self] in try await open(name).map(body) }
  }

  package func list(_ directory: NameBytes) async throws -> (any FileListing)? {
    guard let prefix = naming.prefix(ofDirectory: directory) else { throw Self.notFound(directory) }
    var builder = ObjectListing.Builder(naming, prefix: prefix)
    var reservations: [MemoryReservation] = []
    var continuation: String?
    repeat {
      let page = try await page(prefix, continuation)
      guard let reservation = await parts.budget.reserve(ObjectListing.Builder.bytes(of: page)) else { return nil }
      reservations.append(reservation)
      builder.add(page)
      continuation = page.continuation
    } while continuation != nil
    guard builder.isFound || directory.isEmpty else { throw Self.notFound(directory) }
    return ObjectListing(builder, reading: reading, reservations: reservations)
  }

  private func page(_ prefix: String, _ continuation: String?) async throws(UploadError) -> S3ListingPage {
    do throws(S3Failure) {
      return try await parts.requests.list(prefix: prefix, delimiter: "/", continuation: continuation)
    } catch {
      throw error.reading
    }
  }

  private static func notFound(_ directory: NameBytes) -> UploadError {
    UploadError(
      .notFound,
      "Directory not found: \"\(PlainText.sanitized(directory.description))\". GET /files/ lists the first one."
    )
  }

  /// Stores an object of no bytes with the directory's path and a slash: engines have no directories, and an empty one would
  /// not be listed otherwise. Directories above it need none.
  package func makeDirectory(_ path: DirectoryPath) async throws -> Bool {
    guard !path.isRoot else { return false }
    let key = try naming.key(path.bytes) + "/"
    return try await storing { () async throws(S3Failure) in
      let found = try await parts.requests.list(prefix: key, delimiter: "/", continuation: nil)
      guard found.objects.isEmpty, found.prefixes.isEmpty else { return false }
      try await parts.requests.put(key, .bytes(ByteBuffer()), S3ObjectHeaders(), ifAbsent: false)
      return true
    }
  }

  /// Engines do not report it.
  package func freeSpace() -> UInt64? { nil }

  package func availableSpace() async throws -> UInt64? { nil }
}

extension S3Operation {
  /// `put_object` for `putObject`.
  fileprivate var metricName: String {
    rawValue.reduce(into: "") { text, letter in text += letter.isUppercase ? "_\(letter.lowercased())" : "\(letter)" }
  }
}

extension StoreCounters.Operation {
  fileprivate init(_ name: String, _ counts: S3ClientSnapshot.Counts) {
    self.init(name: name)
    (requests, retries, failures) = (counts.requests, counts.retries, counts.failures)
    (seconds, latencies) = (counts.seconds, counts.latencies)
  }
}

extension ObjectPublisher {
  /// Stores a small file of which every byte is in memory.
  fileprivate func store(_ file: CompleteFile) async throws(UploadError) -> StoredFile {
    var digests = ContentDigests()
    for hash in [WholeHash(file.hash), file.request.late.map { WholeHash($0) }].compactMap({ $0 }) {
      var hash = hash
      file.content.withUnsafeReadableBytes { hash.update($0) }
      digests.fill(from: hash.digests)
    }
    try digests.require(file.request.expected)
    let body = S3Body.bytes(file.content)
    let stored = try await put(body, file.request, digests: digests, upload: file.meter.id).file
    file.meter.addStored(file.content.readableBytes)
    file.meter.markDurable()
    return stored
  }
}

/// The sink of an upload that cannot be stored at all.
private final class RejectedSink: UploadSink {
  private let error: UploadError
  private let eventLoop: any EventLoop

  init(_ error: UploadError, on eventLoop: any EventLoop) {
    (self.error, self.eventLoop) = (error, eventLoop)
  }

  var hasRoom: Bool { true }

  func write(_ bytes: ByteBuffer) {}

  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> { eventLoop.makeFailedFuture(error) }

  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> { eventLoop.makeFailedFuture(error) }

  func abort() {}
}
