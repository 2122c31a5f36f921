package import NIOCore
import Synchronization
package import UploadCore
package import UploadStorage

/// A store in memory, for tests that need no disk. By default every step succeeds at once; a test can delay a step or
/// let it fail. Files get their requested paths: a later file replaces an earlier one.
///
/// Unchecked: uploads are stored on the one thread that handler and test share, where an embedded channel runs. Stored
/// files are read on any thread, so these alone are under a mutex.
package final class MemoryStore: UploadStore, @unchecked Sendable {
  package let eventLoop: any EventLoop
  /// The files by their paths.
  private let stored = Mutex<[String: StoredMemoryFile]>([:])
  /// The paths of directories that exist although no file is in them.
  private let emptyDirectories = Mutex<Set<NameBytes>>([])
  private let reading = Mutex(Reading())
  /// The sinks of all uploads, in the order in which they began.
  package private(set) var sinks: [MemorySink] = []
  /// The condition that was passed when each upload began, in the same order; nil for none.
  package private(set) var conditions: [PublishCondition?] = []
  /// The requested paths of the files that were published, one array for each successful ``publish(_:on:)``.
  package private(set) var published: [[String]] = []
  /// The requested paths of the files that arrived complete, one array for each ``store(_:on:completion:)``.
  package private(set) var groups: [[String]] = []
  /// The requested paths of staged files that were discarded.
  package private(set) var discarded: [String] = []
  /// Keeps unfinished uploads; nil, at first, for a store that cannot.
  package var unfinished: (any UnfinishedStore)?
  /// Why an upload fails within the call that begins it; nil when it does not.
  package var beginFailure: UploadError?
  /// Whether uploads have room when they begin, or only once a test sets ``MemorySink/hasRoom``.
  package var beginsWithRoom = true
  /// Whether files are staged at once, or with ``MemorySink/finishStaging()``.
  package var stagesAtOnce = true
  /// Whether an abort fails a file that is being staged, or leaves it to end later.
  package var abortsAtOnce = true
  /// Whether files are published at once, or with ``finishPublishing()``.
  package var publishesAtOnce = true
  /// The error with which publishing fails; nil when it succeeds.
  package var publishFailure: UploadError?
  /// The requested paths of the files for which ``publishFailure`` is; all others succeed. Nil for all files.
  package var failingPaths: Set<String>?
  /// Whether published files are reported as replacing others.
  package var replaces = false
  private let duplicates = Mutex(DuplicatePolicy.rename)
  private var publishing: [(EventLoopPromise<[StoredFile]>, [StagedMemoryFile])] = []

  /// What readers find.
  private struct Reading {
    var available: UInt64?
    var failure: UploadError?
    var hasMemory = true
  }

  package init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// The sink of the upload that began last; nil before the first.
  package var sink: MemorySink? { sinks.last }

  /// The error with which all reading fails; nil when it succeeds. Callable from any thread.
  package var readFailure: UploadError? {
    get { reading.withLock { $0.failure } }
    set { reading.withLock { $0.failure = newValue } }
  }

  /// How many bytes further uploads may have; nil, at first, when that is not known. Callable from any thread.
  package var available: UInt64? {
    get { reading.withLock { $0.available } }
    set { reading.withLock { $0.available = newValue } }
  }

  /// Whether there is memory for a listing; if not, ``list(_:)`` returns nil. Callable from any thread.
  package var hasMemoryForListings: Bool {
    get { reading.withLock { $0.hasMemory } }
    set { reading.withLock { $0.hasMemory = newValue } }
  }

  /// Stores a file, or replaces the one of that name. Callable from any thread.
  /// - Parameters:
  ///   - type: the media type that is noted with it.
  ///   - bufferSize: readers get its content in buffers of at most so many bytes.
  ///   - size: the size that readers see, in bytes; nil for that of the content.
  ///   - modified: in seconds since 1970.
  package func add(
    _ name: String,
    _ content: [UInt8],
    type: String? = nil,
    bufferSize: Int = 4096,
    size: UInt64? = nil,
    modified: Int64 = 0
  ) {
    let file = StoredFile(name: NameBytes(name), size: size ?? UInt64(content.count), type: type, modified: modified)
    stored.withLock { $0[name] = StoredMemoryFile(file: file, content: content, bufferSize: bufferSize) }
  }

  // MARK: Storing

  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    let sink = MemorySink(meter, hash, self, delegate)
    sink.hasRoom = beginsWithRoom
    sinks.append(sink)
    conditions.append(condition)
    if let beginFailure { sink.fail(beginFailure) }
    return sink
  }

  /// Callable from any thread. Without effect on what is stored.
  package var onDuplicate: DuplicatePolicy {
    get { duplicates.withLock { $0 } }
    set { duplicates.withLock { $0 = newValue } }
  }

  package func check(_ condition: PublishCondition, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    eventLoop.makeCompletedFuture {
      let version = condition.path.flatMap { path in stored.withLock { $0[path.description]?.version } }
      try condition.check(version)
    }
  }

  /// Each file has a sink as well.
  package func store(
    _ files: [CompleteFile],
    on eventLoop: any EventLoop,
    completion: @escaping @Sendable ([Result<StoredFile, any Error>]) -> Void
  ) {
    groups.append(files.map(\.request.path.description))
    let stored = files.map { file in
      let sink = MemorySink(file.meter, file.hash, self, nil)
      sinks.append(sink)
      conditions.append(nil)
      sink.write(file.content)
      if let beginFailure { return eventLoop.makeFailedFuture(beginFailure) as EventLoopFuture<StoredFile> }
      return sink.finalize(file.request)
    }
    EventLoopFuture.whenAllComplete(stored, on: eventLoop).assumeIsolated().whenSuccess { completion($0) }
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    let promise = eventLoop.makePromise(of: [StoredFile].self)
    publishing.append((promise, files.compactMap { $0 as? StagedMemoryFile }))
    if publishesAtOnce { finishPublishing() }
    return promise.futureResult
  }

  /// Completes every pending ``publish(_:on:)``: the files are stored, or it fails with ``publishFailure``.
  package func finishPublishing() {
    let waiting = publishing
    publishing = []
    for (promise, files) in waiting {
      let fails = failingPaths.map { paths in files.contains { paths.contains($0.request.path.description) } } ?? true
      if let publishFailure, fails {
        promise.fail(publishFailure)
      } else {
        published.append(files.map(\.request.path.description))
        promise.succeed(files.map(store))
      }
    }
  }

  private func store(_ staged: StagedMemoryFile) -> StoredFile {
    let file = StoredFile(
      name: staged.request.path.bytes,
      size: UInt64(staged.content.count),
      type: staged.request.type,
      modified: staged.request.modified ?? 0,
      replaced: replaces,
      digests: staged.digests
    )
    let name = staged.request.path.description
    stored.withLock { $0[name] = StoredMemoryFile(file: file, content: staged.content, bufferSize: 4096) }
    return file
  }

  package func discard(_ files: [any StagedFile]) {
    discarded += files.compactMap { $0 as? StagedMemoryFile }.map(\.request.path.description)
  }

  // MARK: Reading

  package func check() async throws {
    if let readFailure { throw readFailure }
  }

  package func open(_ path: NameBytes) async throws -> (any OpenFile)? {
    try await check()
    return stored.withLock { $0[path.description] }
  }

  /// Calls `body` at once, on any thread.
  package func open<Result: Sendable>(
    _ name: NameBytes,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable (any OpenFile) throws -> Result
  ) -> EventLoopFuture<Result?> {
    eventLoop.makeCompletedFuture {
      if let readFailure { throw readFailure }
      return try stored.withLock { $0[name.description] }.map(body)
    }
  }

  /// Files are listed by their names, not by their age.
  package func list(_ directory: NameBytes) async throws -> (any FileListing)? {
    try await check()
    let files = stored.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
    let known = directories(of: files)
    guard directory.isEmpty || known.contains(directory) else {
      throw UploadError(.notFound, "Directory not found: \"\(directory)\".")
    }
    guard hasMemoryForListings else { return nil }
    let names = known.filter { Self.parent(of: $0) == directory }.map { Self.name(of: $0) }
    let inside = files.filter { Self.parent(of: $0.file.nameBytes) == directory }
    return MemoryListing(
      entries: names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map { .directory(name: $0, modified: 0) }
        + inside.map { .file($0) }
    )
  }

  package func makeDirectory(_ path: DirectoryPath) async throws -> Bool {
    try await check()
    let known = directories(of: stored.withLock { Array($0.values) })
    let isFile = path.components.indices.contains { index in
      let parent = DirectoryPath(components: Array(path.components[...index]))
      return stored.withLock { $0[parent.bytes.description] } != nil
    }
    if isFile { throw UploadError(.nameTaken, "A component of \"\(path)\" is a file. Choose another name.") }
    return emptyDirectories.withLock { !known.contains(path.bytes) && !path.isRoot && $0.insert(path.bytes).inserted }
  }

  /// The paths of all directories except the root.
  private func directories(of files: [StoredMemoryFile]) -> Set<NameBytes> {
    var found: Set<NameBytes> = []
    for path in emptyDirectories.withLock({ Array($0) }) + files.map({ Self.parent(of: $0.file.nameBytes) }) {
      var path = path
      while !path.isEmpty {
        found.insert(path)
        path = Self.parent(of: path)
      }
    }
    return found
  }

  /// The path of the directory that an entry is in; empty for the root.
  private static func parent(of path: NameBytes) -> NameBytes {
    NameBytes(path.bytes.lastIndex(of: UInt8(ascii: "/")).map { path.bytes[..<$0] } ?? [])
  }

  private static func name(of path: NameBytes) -> NameBytes {
    NameBytes(path.bytes.lastIndex(of: UInt8(ascii: "/")).map { path.bytes[($0 + 1)...] } ?? path.bytes[...])
  }

  package func freeSpace() -> UInt64? { nil }

  package func availableSpace() async throws -> UInt64? {
    try await check()
    return available
  }
}

/// A staged file of a ``MemoryStore``.
struct StagedMemoryFile: StagedFile {
  let meter: UploadMeter
  let request: FinalizeRequest
  let content: [UInt8]
  /// Those digests of the content that were computed.
  let digests: ContentDigests
}

/// A stored file of a ``MemoryStore``, which is always open for reading.
private struct StoredMemoryFile: OpenFile {
  let file: StoredFile
  let content: [UInt8]
  let bufferSize: Int

  var version: FileVersion { FileVersion(modified: 0, text: "\(content.count)-\(content.hashValue)") }

  /// The bytes from the start of the range on. A file whose stated size is wrong has fewer than requested, or, when the
  /// range ends at that size, more.
  func content(in range: Range<UInt64>) -> FileContent {
    let end = range.upperBound == file.size ? content.count : min(content.count, Int(range.upperBound))
    let start = min(end, Int(range.lowerBound))
    let (bytes, step) = (content, bufferSize)
    return .buffers(
      AsyncThrowingStream { continuation in
        for begin in stride(from: start, to: end, by: step) {
          continuation.yield(ByteBuffer(bytes: bytes[begin..<min(end, begin + step)]))
        }
        continuation.finish()
      }
    )
  }
}

/// A directory of a ``MemoryStore``, by names.
private struct MemoryListing: FileListing {
  let entries: [ListedEntry]

  var count: Int { entries.count }

  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    var (value, next) = (initial, start)
    var continues = true
    while continues, next < order?.count ?? entries.count {
      continues = body(&value, entries[order.map { Int($0[next]) } ?? next])
      next += 1
    }
    return (value: value, next: next)
  }
}
