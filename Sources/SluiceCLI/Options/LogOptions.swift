import ArgumentParser
import DashboardApp
import Logging

/// What is written to standard error besides errors of the start: options of `serve`.
struct LogOptions: ParsableArguments {
  /// The format of a log line.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  /// Levels of swift-log.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warning, error

    var level: Logger.Level {
      switch self {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    }
  }

  @Option("Format of the log on standard error.", value: "format")
  var logFormat = Format.text

  @Option(
    "Lowest level that is logged; info includes the end of each upload and rejected requests.",
    value: "level"
  )
  var logLevel = Level.warning

  var logger: Logger {
    ProcessLog.logger(isJSON: logFormat == .json, level: logLevel.level)
  }
}
