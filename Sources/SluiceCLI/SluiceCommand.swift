package import ArgumentParser
import DashboardApp
import Glibc
import UploadCore

/// `sluice`: the root of the command line.
package struct SluiceCommand: ParsableCommand {
  /// The product's version. This is the only place it is written in: packages take it from `sluice --version`.
  package static let version = "0.2.0"

  package static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Receive and send big files over HTTP, and see what is happening.",
    discussion: """
      Without a command it opens the dashboard: a server and a client on one screen. Files named there are sent to that \
      server at once; one that is called like a command is written ./serve.

      Every option can also come from the environment: --max-size is SLUICE_MAX_SIZE, a switch is set by 1. \
      The command line wins.

      Exit status: 0 all well; 1 an upload failed, or the program did not stop in time; 2 the server could not start; \
      64 wrong usage, or the dashboard without a terminal; \
      130 stopped by SIGINT in send, headless and compare.
      """,
    version: version,
    subcommands: [
      DashboardCommand.self, ServeCommand.self, SendCommand.self, HeadlessCommand.self, CompareCommand.self,
      SampleCommand.self,
    ],
    defaultSubcommand: DashboardCommand.self
  )

  package init() {}

  /// Runs the program with this process's arguments and environment, and ends it.
  ///
  /// Call it first of all in the main thread: the signals blocked here must be blocked in every thread made later.
  package static func start() -> Never {
    MainLoop.prepareSignals()
    ProcessLimits.occupyStandardDescriptors()
    ProcessLimits.raise()
    let environment = ProcessEnvironment.all
    ParentProcess.follow(environment)
    run(ProcessArguments.all(), environment)
  }

  private static func run(_ arguments: [String], _ environment: [String: String]) -> Never {
    for warning in EnvironmentDefaults.warnings(environment, for: arguments) {
      Output.errorLine("sluice: warning: \(warning)")
    }
    do {
      let added = EnvironmentDefaults.adding(environment, to: arguments)
      let complete = HomePath.expanded(added) { UserDirectories.home }
      do throws(UploadError) {
        try ProcessArguments.checkBytes(complete, valueNames: EnvironmentDefaults.allValueNames)
      } catch {
        throw ValidationError(error.message)
      }
      var command = try parseAsRoot(complete)
      try command.run()
      Glibc.exit(Output.exitStatus(0))
    } catch {
      // Whoever set a variable long ago does not look for it on the command line.
      if let note = EnvironmentDefaults.note(on: message(for: error), environment, to: arguments) {
        Output.errorLine("sluice: \(note)")
      }
      if let hint = UsageHint.text(on: message(for: error), arguments) { Output.errorLine("sluice: \(hint)") }
      let status = exitCode(for: error).rawValue
      let text = fullMessage(for: error)
      // Help, the version and completion scripts end with status 0. Printed here instead of by the parser, whose print
      // loses write errors.
      if !text.isEmpty { status == 0 ? Output.line(text) : Output.errorLine(text) }
      Glibc.exit(Output.exitStatus(status))
    }
  }
}
