import NIOCore
import NIOPosix
package import UploadClient
package import UploadCore
package import UploadServer

/// Everything the sending side is made of. Its event loops are its own, so that a server in the same process never waits
/// for it; its threads end with the process.
package struct ClientEngine: Sendable {
  package let uploader: Uploader
  private let eventLoops: MultiThreadedEventLoopGroup
  private let readers: NIOThreadPool

  /// How many descriptors one opens: event loops, and a connection and a file for each upload.
  package static func descriptors(jobs: Int) -> Int {
    loops(jobs: jobs) * ServerEngine.descriptorsPerLoop + 2 * jobs
  }

  private static func loops(jobs: Int) -> Int {
    min(System.coreCount, max(1, jobs))
  }

  /// - Parameter jobs: uploads at once; each may occupy a thread while it waits for standard input.
  package init(configuration: UploadClientConfiguration, ledger: UploadLedger, jobs: Int) {
    eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: Self.loops(jobs: jobs))
    readers = NIOThreadPool(numberOfThreads: min(16, max(2, jobs)))
    readers.start()
    uploader = Uploader(
      configuration: configuration,
      ledger: ledger,
      eventLoopGroup: eventLoops,
      threadPool: readers
    )
  }
}

extension SendTarget {
  /// The server of this process, with its token and its certificate, which need not be signed by a known authority.
  /// - Throws: ``UploadError`` with code `badURL`.
  package init(own address: ServerAddress, _ engine: ServerEngine) throws(UploadError) {
    try self.init(
      address.url,
      token: engine.token?.text,
      trust: address.fingerprint.map(ServerTrust.pinned) ?? .system
    )
  }
}

/// The modes a client can choose.
package enum SendMode: String, CaseIterable, Sendable {
  case stream, multipart, buffered

  package var uploadMode: UploadMode {
    switch self {
    case .stream: .stream
    case .multipart: .multipart
    case .buffered: .buffered
    }
  }
}
