import Glibc
import UploadCore

/// Advice on a command line that the parser rejected.
enum UsageHint {
  /// What was probably meant, in a sentence; nil when there is nothing to say beyond the parser's message.
  /// - Parameters:
  ///   - message: the parser's.
  ///   - arguments: of the process, without the program's name.
  static func text(on message: String, _ arguments: [String]) -> String? {
    if message.contains("Missing expected argument '--to"), let url = arguments.first(where: isURL) {
      return "Name the server with --to: sluice send FILE --to \(PlainText.sanitized(url))"
    }
    guard let option = unknownOption(in: message) else { return nil }
    let owners = EnvironmentDefaults.commands(with: option)
    guard let first = owners.first else { return nil }
    let names = owners.map { "sluice \($0)" }.joined(separator: ", ")
    return "--\(option) is an option of \(names). See sluice help \(first)."
  }

  /// Whether an argument can only be meant as a URL.
  static func isURL(_ argument: String) -> Bool {
    ["http://", "https://"].contains { argument.lowercased().hasPrefix($0) } && access(argument, F_OK) != 0
  }

  /// The long name without dashes in the parser's "Unknown option '--name'".
  private static func unknownOption(in message: String) -> String? {
    guard let start = message.firstRange(of: "Unknown option '--") else { return nil }
    return String(message[start.upperBound...].prefix { $0 != "'" && $0 != "=" })
  }
}
