import Glibc
import UploadCore

/// A `sluice serve` for one upload, in a process of its own.
final class LocalServer {
  /// A server is up in far less; a machine that needs longer would give no figures worth having.
  private static let patience = Duration.seconds(30)

  let process: ChildProcess
  let url: String
  private let record: Record

  private final class Record {
    var notes = ServerNotes()
  }

  /// Starts it and waits until it listens.
  /// - Throws: ``UploadError`` with code `cannotListen`, or `cancelled`.
  init(directory: String, environment: [String: String], isCancelled: () -> Bool) throws(UploadError) {
    let record = Record()
    self.record = record
    do {
      process = try ChildProcess(
        "/proc/self/exe",
        [
          "serve", "--json", "--host", "127.0.0.1", "--port", "0", "--interval", "100ms", "--min-free", "0", "--dir",
          directory,
        ],
        environment: environment,
        onLine: { record.notes.take($0) }
      )
    } catch {
      throw UploadError(.cannotListen, "No server can be started: \(error.reason).", cause: error)
    }
    let deadline = ContinuousClock.now + Self.patience
    while record.notes.url == nil, !process.hasEnded(), !isCancelled(), ContinuousClock.now < deadline {
      ChildProcess.pump([process], milliseconds: 20)
    }
    guard let url = record.notes.url else {
      if isCancelled() { throw UploadError(.cancelled, "The comparison was stopped.") }
      let reason = record.notes.complaint.map { PlainText.sanitized($0) } ?? "it does not say where it listens"
      throw UploadError(.cannotListen, "The server did not start: \(reason).")
    }
    self.url = url
  }

  var notes: ServerNotes { record.notes }
}
