import ArgumentParser

/// Options from the environment: `SLUICE_MAX_SIZE=1GB` counts as `--max-size 1GB` unless the command line says it itself,
/// or says something that excludes it.
enum EnvironmentDefaults {
  /// An option that the environment gives.
  private struct Addition {
    let name: String
    /// As it stands on the command line.
    let arguments: [String]
  }

  /// Options that exclude each other. One on the command line is what is meant, and keeps out the others' variables.
  private static let exclusive = [
    ["token", "open"], ["json", "quiet"], ["ca", "fingerprint"], ["tls", "tls-cert"], ["tls", "tls-key"],
    ["script", "size"], ["script", "count"],
  ]

  /// Options that say what to send where no file is named: named files keep out their variables.
  private static let insteadOfFiles: [String: Set<String>] = [
    HeadlessCommand._commandName: ["size", "count"], CompareCommand._commandName: ["size"],
  ]

  /// The arguments with what the environment adds, put right behind the command's name. Where no command is named it is
  /// the dashboard.
  static func adding(_ environment: [String: String], to arguments: [String]) -> [String] {
    guard !isForRoot(arguments.first) else { return arguments }
    let (command, rest) = command(of: arguments)
    return [command._commandName] + additions(environment, command, rest).flatMap(\.arguments) + rest
  }

  /// Names the options in an error message that were set by the environment, in a sentence; nil when none was.
  static func note(on message: String, _ environment: [String: String], to arguments: [String]) -> String? {
    guard !isForRoot(arguments.first) else { return nil }
    let (command, rest) = command(of: arguments)
    let named = Set(message.split { !$0.isLetter && $0 != "-" }.map(String.init))
    let causes = additions(environment, command, rest).filter { named.contains("--\($0.name)") }
    guard !causes.isEmpty else { return nil }
    return causes.map { "--\($0.name) is set by the variable \(variable(for: $0.name))." }.joined(separator: " ")
  }

  private static func command(
    of arguments: [String]
  ) -> (command: any ParsableCommand.Type, rest: ArraySlice<String>) {
    guard let named = CommandDescription.commands.first(where: { $0._commandName == arguments.first }) else {
      return (DashboardCommand.self, arguments[...])
    }
    return (named, arguments.dropFirst())
  }

  private static func additions(
    _ environment: [String: String],
    _ command: any ParsableCommand.Type,
    _ arguments: ArraySlice<String>
  ) -> [Addition] {
    guard environment.keys.contains(where: KnownVariables.mayBeOption) else { return [] }
    let command = CommandDescription.of(command)
    let line = GivenArguments(arguments, valueNames: command.valueNames)
    guard !line.asksForHelp else { return [] }
    var kept = line.names.union(exclusive.filter { !line.names.isDisjoint(with: $0) }.flatMap { $0 })
    if line.hasFiles { kept.formUnion(insteadOfFiles[command.name] ?? []) }
    var added: [Addition] = []
    for name in command.valueNames where !kept.contains(name) {
      guard let value = environment[variable(for: name)], !value.isEmpty else { continue }
      let values = command.repeatable.contains(name) ? value.split(separator: ",").map(String.init) : [value]
      added.append(Addition(name: name, arguments: values.map { "--\(name)=\($0)" }))
    }
    for name in command.switchNames where !kept.contains(name) {
      guard let value = environment[variable(for: name)], isOn(value) else { continue }
      added.append(Addition(name: name, arguments: ["--\(name)"]))
    }
    return added
  }

  /// Whether the value of a switch's variable sets it.
  static func isOn(_ value: String) -> Bool {
    ["1", "true", "yes"].contains(value.lowercased())
  }

  /// Whether the value of a switch's variable says that it is not set.
  static func isOff(_ value: String) -> Bool {
    ["", "0", "false", "no"].contains(value.lowercased())
  }

  /// Warnings about variables that have no effect (``KnownVariables``); none where nothing but help is wanted, or nothing
  /// but errors.
  static func warnings(_ environment: [String: String], for arguments: [String]) -> [String] {
    guard !isForRoot(arguments.first) else { return [] }
    let warnings = KnownVariables.warnings(environment)
    guard !warnings.isEmpty else { return [] }
    let (command, rest) = command(of: arguments)
    let line = GivenArguments(rest, valueNames: CommandDescription.of(command).valueNames)
    let isQuiet =
      line.names.contains("quiet") || additions(environment, command, rest).contains { $0.name == "quiet" }
    return line.asksForHelp || isQuiet ? [] : warnings
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
}

/// What the command line itself says, as far as it matters for what the environment may add.
struct GivenArguments {
  /// Long names without dashes of the options given.
  private(set) var names: Set<String> = []
  /// Whether files are named.
  private(set) var hasFiles = false
  /// Whether nothing but help is wanted.
  private(set) var asksForHelp = false

  /// - Parameter valueNames: options whose value is the next argument, unless it stands behind a `=`.
  init(_ arguments: ArraySlice<String>, valueNames: [String]) {
    var rest = arguments
    while let argument = rest.popFirst() {
      if argument == "--" {
        hasFiles = hasFiles || !rest.isEmpty
        return
      }
      guard argument.hasPrefix("--") else {
        if argument == "-h" { asksForHelp = true } else { hasFiles = true }
        continue
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      names.insert(name)
      if name == "help" { asksForHelp = true }
      if parts.count == 1, valueNames.contains(name) { _ = rest.popFirst() }
    }
  }
}
