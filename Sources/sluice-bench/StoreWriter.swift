import NIOCore
import NIOPosix
import UploadCore
import UploadProtocol
import UploadStorage

/// Gives one file to a store as fast as the store takes it. Lives on one event loop.
final class StoreFeeder: UploadSinkDelegate {
  private let name: FileName
  private let piece: ByteBuffer
  private let meter: UploadMeter
  private let staged: EventLoopPromise<any StagedFile>
  private var left: Int
  private var sink: (any UploadSink)?

  private init(size: Int, name: FileName, piece: ByteBuffer, staged: EventLoopPromise<any StagedFile>) {
    self.name = name
    self.piece = piece
    self.staged = staged
    left = size
    meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: name.description,
      size: UInt64(size),
      remote: ""
    )
  }

  /// Feeds `size` bytes, `piece` again and again.
  /// - Parameter hash: computes digests on the way; nil for none.
  /// - Returns: the file, synced and without a name; fails with ``UploadError``.
  static func feed(
    _ store: DiskStore,
    size: Int,
    name: FileName,
    piece: ByteBuffer,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<any StagedFile> {
    let feeder = StoreFeeder(size: size, name: name, piece: piece, staged: eventLoop.makePromise())
    feeder.sink = store.begin(feeder.meter, hash: hash, condition: nil, on: eventLoop, delegate: feeder)
    feeder.sinkHasRoom()
    // The sink does not keep its delegate, so that this has to, until the end.
    return feeder.staged.futureResult.assumeIsolated().map { staged in
      withExtendedLifetime(feeder) { staged }
    }.nonisolated()
  }

  func sinkHasRoom() {
    guard let sink else { return }
    while left > 0, sink.hasRoom {
      var bytes = piece
      bytes.moveWriterIndex(to: min(left, piece.readableBytes))
      left -= bytes.readableBytes
      meter.addReceived(bytes.readableBytes)
      sink.write(bytes)
    }
    guard left == 0 else { return }
    self.sink = nil
    sink.stage(FinalizeRequest(name: name)).cascade(to: staged)
  }

  func sinkFailed(_ error: UploadError) {
    sink = nil
    staged.fail(error)
  }
}

/// Files through the store, as the server writes them: one at a time, fed by an event loop.
final class StoreWriter: FileWriter {
  private let store: DiskStore
  private let source: DiskSource
  private let algorithms: Set<DigestAlgorithm>
  private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let workers = WorkerPool(threads: WorkerPool.diskThreads)

  /// - Parameter algorithms: the digests to compute on the way.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(directory: String, source: DiskSource, algorithms: Set<DigestAlgorithm>) throws(UploadError) {
    store = DiskStore(
      directory: try UploadDirectory(path: directory),
      budget: try MemoryBudget(limit: 256 << 20),
      workers: workers
    )
    self.source = source
    self.algorithms = algorithms
  }

  deinit {
    workers.shutDownAndWait()
    try? eventLoops.syncShutdownGracefully()
  }

  func write(size: Int, name: String) throws {
    let (store, piece, eventLoop) = (store, source.buffer, eventLoops.next())
    let file = FileName(name) ?? .fallback
    let hash = SHAHash(algorithms)
    let stored = eventLoop.flatSubmit {
      StoreFeeder.feed(store, size: size, name: file, piece: piece, hash: hash, on: eventLoop)
        .flatMap { store.publish([$0], on: eventLoop) }
    }
    guard try stored.wait().first?.size == UInt64(size) else {
      throw UploadError(.contentMismatch, "The store says that \(name) has another size than \(size) bytes.")
    }
  }
}
