import HTTPExchange
import NIOCore
import NIOPosix
package import UploadClient
package import UploadCore
package import UploadServer

/// An upload client with threads of its own, so that a server in the same process never waits for it. The threads end
/// with the process.
package struct ClientEngine: Sendable {
  package let uploader: Uploader
  /// Threads for calls that block on files.
  let readers: NIOThreadPool

  /// The most descriptors that a client for `jobs` uploads at once opens: those of its event loops, and a connection
  /// and a file for each upload.
  package static func descriptors(jobs: Int) -> Int {
    loops(jobs: jobs) * ServerEngine.descriptorsPerLoop + 2 * min(jobs, UploadQueueState.limit)
  }

  private static func loops(jobs: Int) -> Int { min(System.coreCount, max(1, jobs)) }

  /// Starts the threads.
  /// - Parameter jobs: how many uploads the caller sends at once, for the number of threads; it is not enforced here.
  ///   Less than 1 counts as 1.
  package init(configuration: UploadClientConfiguration, ledger: UploadLedger, jobs: Int) {
    readers = NIOThreadPool(numberOfThreads: min(16, max(2, jobs)))
    readers.start()
    uploader = Uploader(
      configuration: configuration,
      ledger: ledger,
      eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: Self.loops(jobs: jobs)),
      threadPool: readers
    )
  }
}

extension SendTarget {
  /// The server of this process, with its token and its certificate, which need not be issued by a trusted authority.
  /// - Throws: ``UploadError`` with code `badURL`.
  package init(own address: ServerAddress, _ engine: ServerEngine) throws(UploadError) {
    let trust = address.fingerprint.map(ServerTrust.pinned) ?? .system
    let (token, key) = (engine.ownToken?.text, engine.server.processKey)
    try self.init(address.url, token: token, trust: trust, isLocal: true, processKey: key)
  }
}

/// The modes in which a client sends a file: the values of `--mode` and of the settings.
package enum SendMode: String, CaseIterable, Sendable {
  case stream, multipart, buffered, resumable

  /// The mode of the same name.
  package var uploadMode: UploadMode { UploadMode(rawValue: rawValue) ?? .stream }
}
