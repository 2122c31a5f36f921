import ArgumentParser
import DashboardApp
import Logging

/// Events on standard output and the log on standard error: options of `serve`.
struct OutputOptions: ParsableArguments {
  /// The format of a log line.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  /// The levels of swift-log that `--log-level` accepts, under their names there.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warning, error
  }

  @Flag(help: "Print JSON lines instead of plain text.")
  var json = false

  @Flag(help: "Print output lines only, also on a terminal.")
  var plain = false

  @Option("With --json: shortest time between two progress lines of an upload.", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  @Flag(help: "Print the upload page's link as a QR code, on a terminal.")
  var qr = false

  @Option("Format of the log on standard error.", value: "format")
  var logFormat = Format.text

  @Option("Lowest level that is logged; info adds the end of each upload and rejected requests.", value: "level")
  var logLevel = Level.warning

  mutating func validate() throws {
    guard !plain || !json else { throw ValidationError("--json and --plain exclude each other.") }
    guard !qr || !json else { throw ValidationError("--qr prints a code for a camera: leave it out, or --json.") }
  }

  var logger: Logger {
    ProcessLog.logger(isJSON: logFormat == .json, level: Logger.Level(rawValue: logLevel.rawValue) ?? .warning)
  }
}
