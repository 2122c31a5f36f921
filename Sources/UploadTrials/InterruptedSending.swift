import DashboardApp
import Glibc
import HTTPExchange
import UploadClient
import UploadCore

/// Sends files in the mode `resumable`, each through a ``CuttingRelay`` of its own that cuts it twice: at a third and at
/// two thirds.
struct InterruptedSending {
  /// The most descriptors that `jobs` relays need at once.
  static func descriptors(jobs: Int) -> Int { CuttingRelay.descriptors * max(1, jobs) }

  private let client: ClientEngine
  private let server: TrialServer
  private let jobs: Int

  /// Starts the threads of a client that retries, and that notes no unfinished upload on the disk.
  /// - Parameter jobs: how many files are sent at once; less than 1 counts as 1.
  init(to server: TrialServer, ledger: UploadLedger, jobs: Int) {
    var configuration = UploadClientConfiguration()
    configuration.retry = .usual
    configuration.resume = ResumeConfiguration()
    client = ClientEngine(configuration: configuration, ledger: ledger, jobs: jobs)
    self.server = server
    self.jobs = max(1, jobs)
  }

  /// Sends all files, and returns when every upload has ended; cancelling the task cancels them.
  /// - Returns: one for each file, in their order.
  /// - Throws: ``UploadError`` with code `cannotListen` or `badURL` when no relay can be started.
  func sendAll(_ paths: [String]) async throws(UploadError) -> [SentUpload] {
    let results = await withTaskGroup(of: (Int, Result<SentUpload, UploadError>).self) { group in
      var results = [Result<SentUpload, UploadError>?](repeating: nil, count: paths.count)
      for (index, path) in paths.enumerated() {
        if index >= jobs, let (done, result) = await group.next() { results[done] = result }
        group.addTask {
          let result = await send(path)
          return (index, result)
        }
      }
      for await (done, result) in group { results[done] = result }
      return results.compactMap { $0 }
    }
    var ended: [SentUpload] = []
    for result in results { ended.append(try result.get()) }
    return ended
  }

  private func send(_ path: String) async -> Result<SentUpload, UploadError> {
    do throws(UploadError) {
      // A file that cannot be read is reported by the upload itself.
      let relay = try CuttingRelay(to: server.url, CutPlan(interrupting: Self.size(of: path)))
      let meter = await client.uploader.send(.file(path), to: try server.target(port: relay.port), mode: .resumable)
      return .success(SentUpload(meter: meter, interruptions: relay.cuts))
    } catch {
      return .failure(error)
    }
  }

  /// The size of a file in bytes; 0 where it cannot be found.
  private static func size(of path: String) -> UInt64 {
    var status = stat()
    guard NameBytes.withPath(path, { stat($0, &status) }) == 0 else { return 0 }
    return UInt64(max(0, status.st_size))
  }
}

/// An upload of a test that has ended.
struct SentUpload: Sendable {
  let meter: UploadMeter
  /// How often it was interrupted; nil where it was not to be.
  var interruptions: Int?
}

/// The server of a test, as its clients reach it.
struct TrialServer: Sendable {
  /// As the server states it, without a path.
  let url: String
  let token: String?
  let trust: ServerTrust

  /// The same server behind a relay at a port of 127.0.0.1.
  /// - Throws: ``UploadError`` with code `badURL` or `badValue`.
  func target(port: Int) throws(UploadError) -> SendTarget {
    let scheme = url.hasPrefix("https:") ? "https" : "http"
    return try SendTarget("\(scheme)://127.0.0.1:\(port)", token: token, trust: trust)
  }
}
