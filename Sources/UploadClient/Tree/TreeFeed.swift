package import NIOPosix
package import UploadCore

/// The sources of a run, read from directories while others are sent: for ``Uploader/sendEach(_:to:mode:jobs:group:onEnd:)``.
///
/// What is not sent as a file is reported, and empty directories are made at the server meanwhile. It reads as far ahead as
/// one batch of entries, so that its memory does not depend on the number of files.
package actor TreeFeed {
  /// What became of an entry that is no file to send.
  package enum Event: Sendable {
    /// The server has the file already.
    case exists(UploadSource)
    /// The file is sent although the server may have it: it has one of the same name and size, and knows neither its time
    /// nor its SHA-256.
    case unknown(UploadSource)
    /// See ``TreeEntry/skipped(path:_:)``.
    case skipped(path: String, SkippedKind)
    /// See ``TreeEntry/failed(path:_:)``.
    case failed(path: String, UploadError)
    /// An empty directory was made at the server, or would be.
    /// - Parameter path: at the server (``NameBytes/losslessText``).
    case directoryMade(path: String)
    /// The server had the empty directory already.
    case directoryExists(path: String)
    /// The server makes no empty directories.
    case directoryNotSent(path: String)
    /// An empty directory could not be made.
    case directoryFailed(path: String, UploadError)
  }

  /// How many entries are read at once.
  private static let batchSize = 128
  /// How many directories are made at once.
  private static let makerLimit = 16

  private let walker: TreeWalker
  private let pool: NIOThreadPool
  private let maker: DirectoryMaker?
  private let existing: ExistingFiles?
  private let onEvent: @Sendable (Event) -> Void
  private var batch: ArraySlice<TreeEntry> = []
  private var isOver = false
  /// Directories that are being made, the oldest first.
  private var making: [Task<Void, Never>] = []

  /// - Parameters:
  ///   - pool: reads directories; it must be running.
  ///   - maker: makes empty directories; nil to report them as ``Event/directoryMade(path:)`` without a request.
  ///   - existing: finds files to skip; nil to send all.
  ///   - needsDigests: see ``needsDigests``.
  ///   - group: see ``group``.
  ///   - onEvent: called on any thread.
  init(
    _ walker: TreeWalker,
    pool: NIOThreadPool,
    maker: DirectoryMaker?,
    existing: ExistingFiles?,
    needsDigests: Bool = false,
    group: UploadGroup? = nil,
    onEvent: @escaping @Sendable (Event) -> Void
  ) {
    (self.walker, self.pool, self.maker, self.existing, self.onEvent) = (walker, pool, maker, existing, onEvent)
    (self.needsDigests, self.group) = (needsDigests, group)
  }

  /// The sources of a feed, for one consumer. They end early when the task is cancelled.
  package struct Sources: AsyncSequence, Sendable {
    fileprivate let feed: TreeFeed

    package struct Iterator: AsyncIteratorProtocol {
      fileprivate let feed: TreeFeed
      /// Those that can be sent without a further look: the feed is entered once for many.
      private var known: ArraySlice<UploadSource> = []

      fileprivate init(feed: TreeFeed) { self.feed = feed }

      package mutating func next() async -> UploadSource? {
        guard !Task.isCancelled else { return nil }
        if known.isEmpty { known = await feed.next()[...] }
        return known.popFirst()
      }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(feed: feed) }
  }

  package nonisolated var sources: Sources { Sources(feed: self) }

  /// Whether the files have to be stored with their SHA-256, so that a later run can tell whether the server has them: it
  /// keeps no times.
  package nonisolated let needsDigests: Bool

  /// The tree that the sources are sent as; nil for none.
  package nonisolated let group: UploadGroup?

  /// How many files and directories were left out by patterns so far.
  package nonisolated var excludedCount: UInt64 { walker.excludedCount }

  /// Waits for the directories that are being made; call it after the last source. Cancelling the task cancels them.
  package func finish() async {
    let tasks = making
    making = []
    await withTaskCancellationHandler {
      for task in tasks { await task.value }
    } onCancel: {
      for task in tasks { task.cancel() }
    }
  }

  /// The next sources: those of a batch that need no look at the server's listing, or one that was looked up.
  /// - Returns: empty at the end.
  private func next() async -> [UploadSource] {
    var sources: [UploadSource] = []
    while sources.isEmpty, !Task.isCancelled {
      if batch.isEmpty, await !readBatch() { break }
      while !Task.isCancelled, let entry = batch.popFirst() {
        switch entry {
        case .file(let source) where existing == nil: sources.append(source)
        case .file(let source): if await mustSend(source) { return [source] }
        case .emptyDirectory(let path): await make(path)
        case .skipped(let path, let kind): onEvent(.skipped(path: path, kind))
        case .failed(let path, let error): onEvent(.failed(path: path, error))
        }
      }
    }
    return sources
  }

  /// - Returns: whether there are more entries.
  private func readBatch() async -> Bool {
    guard !isOver else { return false }
    let entries = try? await pool.runIfActive { [walker] in walker.next(atMost: Self.batchSize) }
    batch = (entries ?? [])[...]
    isOver = batch.isEmpty
    return !isOver
  }

  private func mustSend(_ source: UploadSource) async -> Bool {
    guard let existing else { return true }
    do throws(UploadError) {
      switch try await existing.presence(of: source) {
      case .exists: onEvent(.exists(source))
      case .missing: return true
      case .unknown:
        onEvent(.unknown(source))
        return true
      }
    } catch {
      // Without the listing it might be sent a second time.
      if !Task.isCancelled { onEvent(.failed(path: source.path ?? source.name, error)) }
    }
    return false
  }

  private func make(_ path: String) async {
    // If the listing cannot be read, the request to make it shows whether it exists.
    if let existing, (try? await existing.containsDirectory(path)) == true {
      return onEvent(.directoryExists(path: path))
    }
    guard let maker else { return onEvent(.directoryMade(path: path)) }
    if making.count >= Self.makerLimit { await making.removeFirst().value }
    making.append(
      Task { [onEvent] in
        switch await maker.make(path) {
        case .made: onEvent(.directoryMade(path: path))
        case .existed: onEvent(.directoryExists(path: path))
        case .unsupported: onEvent(.directoryNotSent(path: path))
        case .failed(let error): onEvent(.directoryFailed(path: path, error))
        }
      }
    )
  }
}

/// How many files a run has to send, and their bytes together.
package struct TreeCount: Sendable, Equatable {
  package var files: UInt64 = 0
  /// Those of unknown size count as 0.
  package var bytes: UInt64 = 0

  package init() {}

  /// Counts what a walk would find, in batches of a thread pool.
  /// - Parameter onProgress: called after each batch.
  /// - Returns: nil when the task was cancelled before the end.
  package static func of(
    _ arguments: [TreeArgument],
    rules: TreeRules,
    on pool: NIOThreadPool,
    onProgress: @Sendable (TreeCount) -> Void = { _ in }
  ) async -> TreeCount? {
    let walker = TreeWalker(arguments, rules: rules)
    var count = TreeCount()
    while !Task.isCancelled {
      let entries = try? await pool.runIfActive { walker.next(atMost: 1024) }
      guard let entries, !entries.isEmpty else { return entries == nil ? nil : count }
      for case .file(let source) in entries {
        count.files += 1
        count.bytes &+= source.size ?? 0
      }
      onProgress(count)
    }
    return nil
  }
}
