import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// An uploader with a ledger of its own, on the process's shared event loops and threads shared by all tests.
struct TestUploads {
  /// One for each test that may wait for a source at the same time.
  private static let threadPool: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 16)
    pool.start()
    return pool
  }()

  let ledger = UploadLedger()
  var configuration = UploadClientConfiguration()

  init(continueTimeout: Duration = .seconds(1)) {
    configuration.continueTimeout = continueTimeout
    // Of a test on a busy machine, the next upload may begin much later.
    configuration.longestIdleTime = .seconds(600)
  }

  var uploader: Uploader { uploader(on: Self.threadPool) }

  func uploader(on pool: NIOThreadPool) -> Uploader {
    Uploader(
      configuration: configuration,
      ledger: ledger,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
      threadPool: pool
    )
  }

  func send(_ source: UploadSource, to url: String, mode: UploadMode = .stream) async throws -> UploadMeter {
    await uploader.send(source, to: try SendTarget(url), mode: mode)
  }
}

extension UploadMeter {
  /// The result; nil unless the upload finished.
  var finished: FinishedUpload? {
    if case .finished(let upload) = ended?.outcome { upload } else { nil }
  }

  /// The error; nil unless the upload failed.
  var error: UploadError? {
    if case .failed(let error) = ended?.outcome { error } else { nil }
  }

  var isCancelled: Bool {
    if case .cancelled = ended?.outcome { true } else { false }
  }
}
