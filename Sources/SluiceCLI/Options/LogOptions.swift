import ArgumentParser
import Logging

/// What is written to standard error besides errors of the start: options of `serve`.
struct LogOptions: ParsableArguments {
  /// What a line looks like.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  /// The library's levels.
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

  @Option(help: ArgumentHelp("How lines of the log on standard error look.", valueName: "format"))
  var logFormat = Format.text

  @Option(
    help: ArgumentHelp(
      "The least that is logged; from info on there is a line for each upload's end and for refusals.",
      valueName: "level"
    )
  )
  var logLevel = Level.warning

  static let valueNames = ["log-format", "log-level"]

  var logger: Logger {
    Self.logger(isJSON: logFormat == .json, logLevel.level)
  }

  /// For commands without these options: warnings and errors only.
  static var quietLogger: Logger { logger(isJSON: false, .warning) }

  private static func logger(isJSON: Bool, _ level: Logger.Level) -> Logger {
    var logger = Logger(label: "sluice") { _ in LineLogHandler(isJSON: isJSON) }
    logger.logLevel = level
    return logger
  }
}
