import ArgumentParser
import FoundationEssentials

/// What a command takes, as the argument parser itself describes it: an option's name is written once, where the command
/// declares it.
///
/// All commands are described to get one name, so this is done only where a name is needed: a plain start needs none.
struct CommandDescription: Sendable {
  /// As it is called on the command line.
  let name: String
  /// Long names without dashes of options that take a value.
  private(set) var valueNames: [String] = []
  /// Long names of switches; not those of the parser's own.
  private(set) var switchNames: [String] = []
  /// Those of ``valueNames`` that may be given several times.
  private(set) var repeatable: Set<String> = []
  /// Those of ``valueNames`` whose value is a path.
  private(set) var pathNames: Set<String> = []

  /// All commands, in the order in which the help lists them.
  static var commands: [any ParsableCommand.Type] {
    [
      DashboardCommand.self, ServeCommand.self, SendCommand.self, HeadlessCommand.self, CompareCommand.self,
      SampleCommand.self,
    ]
  }

  /// Their descriptions.
  static let all = commands.map { CommandDescription($0) }

  /// Long names of all options, of any command, that take a value.
  static var allValueNames: Set<String> { Set(all.flatMap { $0.valueNames }) }

  /// Long names of all options, of any command, whose value is a path.
  static var allPathNames: Set<String> { all.reduce(into: []) { $0.formUnion($1.pathNames) } }

  /// The description of one of ``commands``.
  static func of(_ command: any ParsableCommand.Type) -> CommandDescription {
    all.first { $0.name == command._commandName } ?? CommandDescription(command)
  }

  /// Reads what `--experimental-dump-help` prints.
  init(_ command: any ParsableCommand.Type) {
    name = command._commandName
    guard let dump = try? JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)) else { return }
    for argument in dump.command.arguments ?? [] {
      guard let name = argument.names?.first(where: { $0.kind == "long" })?.name else { continue }
      switch argument.kind {
      case .option:
        valueNames.append(name)
        if argument.isRepeating { repeatable.insert(name) }
        if argument.valueName == "path" { pathNames.insert(name) }
      case .flag:
        if !["help", "version"].contains(name) { switchNames.append(name) }
      case .positional: break
      }
    }
  }

  /// The parts of the parser's description that are used here.
  private struct Dump: Decodable {
    struct Command: Decodable {
      var arguments: [Argument]?
    }

    struct Argument: Decodable {
      enum Kind: String, Decodable {
        case positional, option, flag
      }

      struct Name: Decodable {
        var kind: String
        var name: String
      }

      var kind: Kind
      var names: [Name]?
      var isRepeating: Bool
      var valueName: String?
    }

    var command: Command
  }
}
