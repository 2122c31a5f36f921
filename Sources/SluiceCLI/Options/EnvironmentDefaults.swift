import ArgumentParser

/// Options from the environment: `SLUICE_MAX_SIZE=1GB` counts as `--max-size 1GB` unless the command line says it itself.
enum EnvironmentDefaults {
  /// A command that lists which of its options may come from the environment.
  protocol Reading: ParsableCommand {
    /// Long names without dashes of options that take a value.
    static var valueNames: [String] { get }
    /// Long names of switches.
    static var switchNames: [String] { get }
  }

  private static let commands: [any Reading.Type] = [
    DashboardCommand.self, ServeCommand.self, SendCommand.self, HeadlessCommand.self, CompareCommand.self,
    SampleCommand.self,
  ]

  /// The arguments with what the environment adds, put right behind the command's name. Where no command is named it is
  /// the dashboard.
  static func adding(_ environment: [String: String], to arguments: [String]) -> [String] {
    guard !isForRoot(arguments.first) else { return arguments }
    let named = commands.first { $0._commandName == arguments.first }
    let command = named ?? DashboardCommand.self
    let arguments = named == nil ? arguments[...] : arguments.dropFirst()
    let given = Set(arguments.prefix { $0 != "--" }.compactMap { name(of: $0) })
    var added: [String] = []
    for name in command.valueNames where !given.contains(name) {
      guard let value = environment[variable(for: name)], !value.isEmpty else { continue }
      let values = repeatable.contains(name) ? value.split(separator: ",").map(String.init) : [value]
      added += values.map { "--\(name)=\($0)" }
    }
    for name in command.switchNames where !given.contains(name) {
      if ["1", "true", "yes"].contains(environment[variable(for: name)]?.lowercased()) { added.append("--\(name)") }
    }
    return [command._commandName] + added + arguments
  }

  /// Whether the first argument is for no command: help, the version, what shells ask for.
  private static func isForRoot(_ argument: String?) -> Bool {
    guard let argument else { return false }
    return ["help", "-h"].contains(argument) || rootOptions.contains { argument.hasPrefix($0) }
  }

  private static let rootOptions = ["--help", "--version", "--generate-completion-script", "--experimental-", "---"]

  /// `max-size` as `SLUICE_MAX_SIZE`.
  static func variable(for name: String) -> String {
    "SLUICE_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
  }

  /// Options that may be given several times; in the environment their values are separated by commas.
  private static let repeatable: Set<String> = ["header", "allow-type", "deny-type", "allow-origin", "trusted-proxy"]

  private static func name(of argument: String) -> String? {
    guard argument.hasPrefix("--") else { return nil }
    return argument.dropFirst(2).split(separator: "=", maxSplits: 1).first.map(String.init)
  }
}
