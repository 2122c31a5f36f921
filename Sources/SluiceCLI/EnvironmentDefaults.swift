import ArgumentParser

/// Options from the environment: `SLUICE_MAX_SIZE=1GB` counts as `--max-size 1GB` unless the command line says it
/// itself, or says something that excludes it.
enum EnvironmentDefaults {
  /// The command of a command line, and the arguments after its name.
  private typealias Given = (command: any ParsableCommand.Type, rest: ArraySlice<String>)

  /// An option that the environment sets: its long name, and the arguments that set it on the command line.
  private typealias Addition = (name: String, arguments: [String])

  /// Options that exclude each other: one on the command line overrides the variables of the others.
  private static let exclusive = [
    ["token", "open"], ["json", "quiet"], ["json", "plain"], ["ca", "fingerprint"], ["tls", "tls-cert"],
    ["tls", "tls-key"],
    ["script", "size"], ["script", "count"], ["no-resume", "max-request"],
  ]

  /// Options that generate a file to send, by command: files on the command line override their variables.
  private static let insteadOfFiles: [String: Set<String>] = [
    HeadlessCommand._commandName: ["size", "count"], CompareCommand._commandName: ["size"],
  ]

  /// Options that mean nothing without another one, by the name of that: without it their variables are ignored.
  private static let dependent = ["store": StoreOptions.detailNames]

  /// The arguments with the options that the environment sets, inserted after the command's name. Without a command,
  /// `dashboard` is inserted too. Arguments for the root command, such as `--help`, are unchanged.
  /// - Parameter arguments: of the process, without the program's name.
  static func adding(_ environment: [String: String], to arguments: [String]) -> [String] {
    guard let given = split(arguments) else { return arguments }
    return [given.command._commandName] + additions(environment, given).flatMap { $0.arguments } + given.rest
  }

  /// Says which options in an error message the environment has set, in a sentence for each; nil when it has set none.
  /// - Parameters:
  ///   - message: the parser's error message, with options such as `--port`.
  ///   - arguments: of the process, before ``adding(_:to:)``.
  static func note(on message: String, _ environment: [String: String], to arguments: [String]) -> String? {
    guard let given = split(arguments) else { return nil }
    let named = Set(message.split { !$0.isLetter && $0 != "-" }.map(String.init))
    let causes = additions(environment, given).filter { named.contains("--\($0.name)") }
    let notes = causes.map { "--\($0.name) is set by the variable \(variable(for: $0.name))." }
    return notes.isEmpty ? nil : notes.joined(separator: " ")
  }

  /// Splits a command line; nil where the first argument is for the root command: help, the version, requests of shells
  /// for completions.
  private static func split(_ arguments: [String]) -> Given? {
    if let first = arguments.first {
      let rootOptions = ["--help", "--version", "--generate-completion-script", "--experimental-", "---"]
      guard !["help", "-h"].contains(first), !rootOptions.contains(where: { first.hasPrefix($0) }) else { return nil }
    }
    let named = CommandDescription.commands.first { $0._commandName == arguments.first }
    return (named ?? DashboardCommand.self, named == nil ? arguments[...] : arguments.dropFirst())
  }

  private static func additions(_ environment: [String: String], _ given: Given) -> [Addition] {
    guard environment.keys.contains(where: KnownVariables.mayBeOption) else { return [] }
    let command = CommandDescription.of(given.command)
    let arguments = GivenArgument.split(given.rest, valueNames: Set(command.valueNames))
    let names = Set(arguments.compactMap(\.name))
    guard !names.contains("help") else { return [] }
    var overridden = names.union(exclusive.filter { !names.isDisjoint(with: $0) }.flatMap { $0 })
    if arguments.contains(where: { $0.name == nil }) { overridden.formUnion(insteadOfFiles[command.name] ?? []) }
    for (name, others) in dependent where !names.contains(name) && environment[variable(for: name)]?.isEmpty != false {
      overridden.formUnion(others)
    }
    return command.optionNames.filter { !overridden.contains($0) }.compactMap { name -> Addition? in
      guard let value = environment[variable(for: name)], !value.isEmpty else { return nil }
      if command.switchNames.contains(name) { return isOn(value) ? (name: name, arguments: ["--\(name)"]) : nil }
      let values = command.repeatable.contains(name) ? value.split(separator: ",").map(String.init) : [value]
      return (name: name, arguments: values.map { "--\(name)=\($0)" })
    }
  }

  /// Whether the value of a switch's variable sets the switch: 1, true or yes, in any case.
  static func isOn(_ value: String) -> Bool { ["1", "true", "yes"].contains(value.lowercased()) }

  /// The warnings of ``KnownVariables/warnings(_:)``, and one for a token that `--open` overrides: without it the server
  /// would silently be less protected than its environment says. None when help, the version, completions or quiet is
  /// requested.
  static func warnings(_ environment: [String: String], for arguments: [String]) -> [String] {
    guard environment.keys.contains(where: KnownVariables.mayBeOption), let given = split(arguments) else { return [] }
    let options = GivenArgument.split(given.rest, valueNames: Set(CommandDescription.of(given.command).valueNames))
    let names = options.compactMap(\.name) + additions(environment, given).map { $0.name }
    var warnings = KnownVariables.warnings(environment)
    if names.contains("open"), !names.contains("token"), environment[variable(for: "token")]?.isEmpty == false {
      warnings.append("Environment variable \(variable(for: "token")) is ignored: --open needs no token.")
    }
    return names.contains("help") || names.contains("quiet") ? [] : warnings
  }

  /// The variable that sets an option: `SLUICE_MAX_SIZE` for `max-size`.
  static func variable(for name: String) -> String { "SLUICE_" + name.uppercased().replacing("-", with: "_") }
}
