import NIOCore
import NIOPosix
import UploadClient
import UploadCore

/// Everything the sending side is made of. Its event loops are its own: a server in the same process never waits for it.
struct ClientEngine: Sendable {
  let uploader: Uploader
  private let eventLoops: MultiThreadedEventLoopGroup
  private let readers: NIOThreadPool

  /// - Parameter jobs: uploads at once; each may hold a thread while it waits for standard input.
  init(configuration: UploadClientConfiguration, ledger: UploadLedger, jobs: Int) {
    eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, max(1, jobs)))
    readers = NIOThreadPool(numberOfThreads: min(16, max(2, jobs)))
    readers.start()
    uploader = Uploader(
      configuration: configuration,
      ledger: ledger,
      eventLoopGroup: eventLoops,
      threadPool: readers
    )
  }

  /// Ends the threads, after the last upload.
  func shutDown() async {
    try? await eventLoops.shutdownGracefully()
    try? await readers.shutdownGracefully()
  }
}
