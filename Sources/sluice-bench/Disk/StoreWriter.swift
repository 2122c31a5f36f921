import NIOCore
import NIOPosix
import UploadCore
import UploadProtocol
import UploadStorage

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
