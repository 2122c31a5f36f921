package import ArgumentParser
import DashboardApp
import Glibc
import UploadCore

/// `sluice`: the root of the command line.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it:
///
/// | folder | contents |
/// |---|---|
/// | `Options` | options that commands share, and how their values are read |
/// | `Commands` | each command's options, the plain configuration made of them, and the main loop that runs it |
/// | the top | ``SluiceCommand``, and arguments and variables before they are parsed |
package struct SluiceCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Receive and send big files over HTTP, and see what is happening.",
    discussion: """
      Without a command it opens the dashboard: a server and a client on one screen. Files named after sluice are sent \
      to that server immediately. Write the directory of a file that has the name of a command: ./serve.

      Every option can also be set in the environment: --max-size 1GB is SLUICE_MAX_SIZE=1GB, --json is SLUICE_JSON=1. \
      The command line has precedence.

      Exit status: 0 success; 1 an upload failed, or the program did not stop in time; 2 the server could not start; \
      64 wrong usage, or no terminal for the dashboard; 130 interrupted by Ctrl-C (send, headless, compare, sample).
      """,
    version: Product.version,
    subcommands: CommandDescription.commands,
    defaultSubcommand: DashboardCommand.self
  )

  package init() {}

  /// Runs the program with this process's arguments and environment, and exits with its status.
  ///
  /// Call it first in the main thread: the signals blocked here must be blocked in every thread that is made later.
  package static func start() -> Never {
    MainLoop.prepareSignals()
    occupyStandardDescriptors()
    DescriptorLimit.raise()
    let environment = ProcessEnvironment.all
    ParentProcess.follow(environment)
    run(ProcessArguments.all(), environment)
  }

  /// Opens `/dev/null` as standard input, output and error where they are closed (`<&-`): the next file or pipe would
  /// get their numbers, and be written to as if it were the terminal.
  ///
  /// For writing only, so that reading from one fails with an error instead of finding an empty file.
  private static func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one, since those below it are open by now.
      _ = open("/dev/null", O_WRONLY)
    }
  }

  private static func run(_ arguments: [String], _ environment: [String: String]) -> Never {
    for warning in EnvironmentDefaults.warnings(environment, for: arguments) {
      Output.errorLine("sluice: warning: \(warning)")
    }
    do {
      let added = EnvironmentDefaults.adding(environment, to: arguments)
      let complete = HomePath.expanded(added) { UserDirectories.home }
      try validated { () throws(UploadError) in try ProcessArguments.checkBytes(complete) }
      var command = try parseAsRoot(complete)
      try command.run()
      Glibc.exit(Output.exitStatus(0))
    } catch {
      // A variable that was set long ago is easily forgotten, and is not on the command line.
      let note = EnvironmentDefaults.note(on: message(for: error), environment, to: arguments)
      let hint = UsageHint.text(on: message(for: error), arguments)
      for advice in [note, hint].compactMap({ $0 }) { Output.errorLine("sluice: \(advice)") }
      let status = exitCode(for: error).rawValue
      let text = fullMessage(for: error)
      // Help, the version and completion scripts end with status 0. Printed here instead of by the parser, whose print
      // loses write errors.
      if !text.isEmpty { status == 0 ? Output.line(text) : Output.errorLine(text) }
      Glibc.exit(Output.exitStatus(status))
    }
  }
}

/// Advice on a command line that the parser rejected.
enum UsageHint {
  /// A sentence with the command line that was probably meant, or the commands that have an unknown option; nil where
  /// the parser's message is enough.
  /// - Parameters:
  ///   - message: the parser's error message.
  ///   - arguments: of the process, without the program's name.
  static func text(on message: String, _ arguments: [String]) -> String? {
    if message.contains("Missing expected argument '--to"), let url = arguments.first(where: SendCommand.isURL) {
      return "Name the server with --to: sluice send FILE --to \(PlainText.sanitized(url))"
    }
    // The parser says "Unknown option '--name'".
    guard let start = message.firstRange(of: "Unknown option '--") else { return nil }
    let option = message[start.upperBound...].prefix { $0 != "'" && $0 != "=" }
    let owners = CommandDescription.all.filter { $0.optionNames.contains(String(option)) }
    guard let first = owners.first else { return nil }
    let names = owners.map { "sluice \($0.name)" }.joined(separator: ", ")
    return "--\(option) is an option of \(names). See sluice help \(first.name)."
  }
}
