import FoundationEssentials
import Glibc
import UploadCore

/// A `sluice serve` for one upload, in a process of its own, which is killed when the last reference is released.
final class LocalServer {
  /// A server starts in far less time; a machine that needs longer would give no useful figures.
  private static let patience = Duration.seconds(30)

  let process: ChildProcess
  let url: String
  let notes: ServerNotes

  /// Starts the server and waits until it listens.
  /// - Parameters:
  ///   - directory: for the stored file.
  ///   - environment: all variables of the server's process.
  ///   - isCancelled: called often while it waits; true ends that.
  /// - Throws: ``UploadError`` with code `cannotListen` when it cannot be started, ends early or does not listen within
  ///   30 s, or `cancelled`.
  init(directory: String, environment: [String: String], isCancelled: () -> Bool) throws(UploadError) {
    let notes = ServerNotes()
    let arguments = [
      "serve", "--json", "--host", "127.0.0.1", "--port", "0", "--interval", "100ms", "--min-free", "0", "--dir",
      directory,
    ]
    do {
      process = try ChildProcess("/proc/self/exe", arguments, environment: environment, onLine: notes.add)
    } catch {
      throw UploadError(.cannotListen, "No server can be started: \(error.reason).", cause: error)
    }
    process.pump(atMost: Self.patience) { notes.url == nil && !isCancelled() }
    guard let url = notes.url else {
      if isCancelled() { throw Trial.cancelled }
      let reason = notes.firstError.map { PlainText.sanitized($0) } ?? "it does not report the address it listens on"
      throw UploadError(.cannotListen, "The server did not start: \(reason).")
    }
    self.url = url
    self.notes = notes
  }
}

/// What a server has reported about itself and its one upload. Only for one thread.
final class ServerNotes {
  /// Its URL; nil until it listens.
  private(set) var url: String?
  /// Bytes of the upload received by the last report; 0 before the first.
  private(set) var bytes: UInt64 = 0
  /// Bytes received per second by the last report.
  private(set) var rate: Double = 0
  /// The most memory of the server for the upload, in bytes.
  private(set) var uploadPeak: UInt64 = 0
  /// Whether the upload has ended, with whatever outcome.
  private(set) var hasEnded = false
  /// The first output line on standard error; nil without one.
  private(set) var firstError: String?

  /// Adds an output line of the server.
  /// - Parameter isError: whether it was written to standard error.
  func add(_ line: String, isError: Bool) {
    if isError, firstError == nil { firstError = line }
    guard !isError, let record = EventRecord(line: line) else { return }
    uploadPeak = max(uploadPeak, record.residentBytes ?? 0, record.peakResidentBytes ?? 0)
    switch record.event {
    case "listening": url = record.url
    case "progress": (bytes, rate) = (record.bytes ?? bytes, record.speed ?? rate)
    case "finished": (bytes, hasEnded) = (record.bytes ?? bytes, true)
    case "failed", "cancelled": hasEnded = true
    default: break
    }
  }
}

/// The fields that are used of an output line of `--json`.
struct EventRecord: Decodable {
  struct Failure: Decodable {
    var code: String
    var message: String
  }

  var event: String
  var url: String?
  var bytes: UInt64?
  var speed: Double?
  var residentBytes: UInt64?
  var peakResidentBytes: UInt64?
  var error: Failure?

  /// Nil when `line` is not the JSON object of an event, or a field has an unexpected kind of value.
  init?(line: String) {
    guard let record = try? JSONDecoder().decode(EventRecord.self, from: Data(line.utf8)) else { return nil }
    self = record
  }
}
