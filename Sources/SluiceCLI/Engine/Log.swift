import Logging

/// Where the program and the libraries write what is not an upload's event: standard error.
enum Log {
  /// Warnings and errors only: what happens to uploads is told by the faces.
  static let logger: Logger = {
    var logger = Logger(label: "sluice", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .warning
    return logger
  }()
}
