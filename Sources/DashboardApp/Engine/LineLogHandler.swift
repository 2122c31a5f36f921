package import Logging
import UploadCore
import UploadReport
import UploadServer

/// Writes each log entry to standard error as one log line: plain text, or a JSON object.
///
/// Messages and metadata may contain text from peers. It cannot control a terminal or begin another log line.
struct LineLogHandler: LogHandler {
  let isJSON: Bool
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  /// Writes a log line; to standard error except in tests.
  var write: @Sendable (String) -> Void = { Output.errorLine($0) }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let time = LogTime.now
    if isJSON {
      let fields: [(String, JSONValue)] = [
        ("time", .string(time)), ("level", .string(event.level.rawValue)), ("msg", .string(event.message.description)),
      ]
      write(JSONValue.object(fields + all.map { ($0.key, .string($0.value.description)) }).serialized)
    } else {
      let pairs = all.map { " \($0.key)=\(JSONValue.string($0.value.description).serialized)" }
      write("\(time) \(event.level.rawValue) \(PlainText.sanitized(event.message.description))" + pairs.joined())
    }
  }
}

/// Loggers that write to standard error.
package enum ProcessLog {
  /// A logger that writes one log line for each entry.
  /// - Parameters:
  ///   - isJSON: JSON objects instead of plain text.
  ///   - level: the lowest level that is written.
  package static func logger(isJSON: Bool, level: Logger.Level) -> Logger {
    var logger = Logger(label: "sluice") { _ in LineLogHandler(isJSON: isJSON) }
    logger.logLevel = level
    return logger
  }

  /// For commands without logging options: warnings and errors only, as plain text.
  package static var quiet: Logger { logger(isJSON: false, level: .warning) }
}
