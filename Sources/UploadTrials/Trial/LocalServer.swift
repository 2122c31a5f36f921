import FoundationEssentials
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

/// What a server has said about itself and the one upload it gets, put together from its lines.
struct ServerNotes: Equatable {
  /// Where it listens, once it does.
  private(set) var url: String?
  /// Bytes received so far, and bytes per second at the moment.
  private(set) var bytes: UInt64 = 0
  private(set) var rate: Double = 0
  /// The most memory it has held for the upload, in bytes.
  private(set) var uploadPeak: UInt64 = 0
  /// Whether the upload has ended, with whatever outcome.
  private(set) var hasEnded = false
  /// The first thing it complained about.
  private(set) var complaint: String?

  mutating func take(_ line: ChildProcess.Line) {
    switch line {
    case .output(let text): if let record = EventRecord(line: text) { take(record) }
    case .error(let text): complaint = complaint ?? text
    }
  }

  private mutating func take(_ record: EventRecord) {
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

/// What is read of a line of `--json`.
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

  /// Nil for what is no such line.
  init?(line: String) {
    guard let record = try? JSONDecoder().decode(EventRecord.self, from: Data(line.utf8)) else { return nil }
    self = record
  }
}
