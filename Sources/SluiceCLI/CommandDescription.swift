import ArgumentParser
import FoundationEssentials

/// The options of a command as the argument parser itself describes them, so that an option's name is written once,
/// where the command declares it.
///
/// Describing the commands takes time and memory. It is done only where names are needed: a plain start needs none.
struct CommandDescription: Sendable {
  /// The command's name, as on the command line.
  let name: String
  /// Long names without dashes of options that take a value.
  private(set) var valueNames: [String] = []
  /// Long names without dashes of switches, except `help` and `version`.
  private(set) var switchNames: [String] = []
  /// The members of ``valueNames`` that may be repeated.
  private(set) var repeatable: Set<String> = []
  /// The members of ``valueNames`` whose value is a path: its placeholder in the help is `path`.
  private(set) var pathNames: Set<String> = []

  /// The members of ``valueNames``, then those of ``switchNames``.
  var optionNames: [String] { valueNames + switchNames }

  /// All commands, in the order in which the help lists them.
  static var commands: [any ParsableCommand.Type] {
    [
      DashboardCommand.self, ServeCommand.self, SendCommand.self, HeadlessCommand.self, CompareCommand.self,
      SampleCommand.self,
    ]
  }

  /// The descriptions of ``commands``, in their order; made when they are first needed.
  static let all = commands.map { CommandDescription($0) }

  /// Long names without dashes of all options, of any command, that take a value.
  static var allValueNames: Set<String> { Set(all.flatMap(\.valueNames)) }

  /// Long names without dashes of all options, of any command, whose value is a path.
  static var allPathNames: Set<String> { Set(all.flatMap(\.pathNames)) }

  /// The description of one of ``commands``.
  static func of(_ command: any ParsableCommand.Type) -> CommandDescription {
    all.first { $0.name == command._commandName } ?? CommandDescription(command)
  }

  /// Reads the description that `--experimental-dump-help` prints; without options where that cannot be read.
  init(_ command: any ParsableCommand.Type) {
    name = command._commandName
    guard let dump = try? JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)) else { return }
    for argument in dump.command.arguments ?? [] {
      guard let name = argument.names?.first(where: { $0["kind"] == "long" })?["name"] else { continue }
      switch argument.kind {
      case .option:
        valueNames.append(name)
        if argument.isRepeating { repeatable.insert(name) }
        if argument.valueName == "path" { pathNames.insert(name) }
      case .flag: if !["help", "version"].contains(name) { switchNames.append(name) }
      case .positional: break
      }
    }
  }

  /// The parts of the parser's description that are used here.
  private struct Dump: Decodable {
    struct Command: Decodable { var arguments: [Argument]? }

    struct Argument: Decodable {
      enum Kind: String, Decodable { case positional, option, flag }

      var kind: Kind
      /// Each has the keys `kind` and `name`.
      var names: [[String: String]]?
      var isRepeating: Bool
      var valueName: String?
    }

    var command: Command
  }
}
