import ArgumentParser
import DashboardApp
import Logging

/// What is written to standard error besides errors of the start: options of `serve`.
struct LogOptions: ParsableArguments {
  /// What a line looks like.
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

  @Option("How lines of the log on standard error look.", value: "format")
  var logFormat = Format.text

  @Option(
    "The least that is logged; from info on there is a line for each upload's end and for refusals.",
    value: "level"
  )
  var logLevel = Level.warning

  var logger: Logger {
    ProcessLog.logger(isJSON: logFormat == .json, level: logLevel.level)
  }
}
