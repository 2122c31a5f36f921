import ArgumentParser
import DashboardApp
import Logging

/// The log on standard error: options of `serve`.
struct LogOptions: ParsableArguments {
  /// The format of a log line.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  /// Levels of swift-log, under the same names.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warning, error
  }

  @Option("Format of the log on standard error.", value: "format")
  var logFormat = Format.text

  @Option("Lowest level that is logged; info adds the end of each upload and rejected requests.", value: "level")
  var logLevel = Level.warning

  var logger: Logger {
    ProcessLog.logger(isJSON: logFormat == .json, level: Logger.Level(rawValue: logLevel.rawValue) ?? .warning)
  }
}
