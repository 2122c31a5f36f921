import NIOCore
import NIOPosix
import UploadCore
import UploadStorage

/// Files through the store, as the server writes them: one at a time, fed by an event loop.
final class StoreWriter: FileWriter {
  private let store: DiskStore
  private let source: DiskSource
  private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let workers = NIOThreadPool(numberOfThreads: DiskStore.threads)

  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(directory: String, source: DiskSource) throws(UploadError) {
    workers.start()
    store = DiskStore(
      directory: try UploadDirectory(path: directory),
      budget: try MemoryBudget(limit: 256 << 20),
      workers: workers
    )
    self.source = source
  }

  deinit {
    try? workers.syncShutdownGracefully()
    try? eventLoops.syncShutdownGracefully()
  }

  func write(size: Int, name: String) throws {
    let (store, piece, eventLoop) = (store, source.buffer, eventLoops.next())
    let file = FileName(name) ?? .fallback
    let stored = eventLoop.flatSubmit {
      StoreFeeder.feed(store, size: size, name: file, piece: piece, on: eventLoop)
        .flatMap { store.publish([$0], on: eventLoop) }
    }
    guard try stored.wait().first?.size == UInt64(size) else {
      throw UploadError(.contentMismatch, "The store says that \(name) has another size than \(size) bytes.")
    }
  }
}
