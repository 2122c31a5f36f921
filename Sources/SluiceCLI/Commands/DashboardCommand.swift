import ArgumentParser
import DashboardApp
import Glibc
import UploadCore

/// `sluice` alone: the dashboard.
struct DashboardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Receive and send on one screen. This is what sluice does without a command.",
    discussion: """
      Opens a server, and shows every upload in either direction: its progress, its rate, its memory. Files named here \
      are sent to that server immediately; press u to choose more, and to send them to any server. Press ? for all keys.

      Without a terminal, or for a screen reader, use --plain, which prints one output line per event.
      """
  )

  @Argument(help: ArgumentHelp("Files to send to the server immediately.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Flag(help: "Print events as plain text instead of opening the dashboard.")
  var plain = false

  @Option("Files sent at the same time; others are queued.", value: "count")
  var jobs = 2

  @OptionGroup var trusted: TrustOptions

  @OptionGroup var server: ServerOptions

  @Option("Port to listen on; 0 takes any that is free.", value: "port")
  var port = 8080

  @Option("Directory for uploads; made when it is missing.", value: "path", completion: .directory)
  var dir = "./uploads"

  mutating func validate() throws {
    try ServerOptions.check(port: port, "--port")
    guard jobs > 0 else { throw ValidationError("--jobs must be above 0.") }
    guard !files.contains("-") else {
      throw ValidationError("Standard input is the keyboard here. Send it with: sluice send - --to URL.")
    }
    guard files.count <= UploadQueueState.limit else {
      throw ValidationError("At most \(UploadQueueState.limit) files can be queued. Name fewer, or use sluice send.")
    }
  }

  /// Looked at after everything else: of `FILE --to URL` the unknown option is what is wrong, not the URL.
  private func checkFiles() throws {
    for file in files where NameBytes.withPath(file, { access($0, F_OK) }) != 0 {
      let name = PlainText.sanitized(file)
      let hint = SendCommand.isURL(file) ? "Send files with: sluice send FILE --to URL." : "See sluice --help."
      throw ValidationError("\"\(name)\" is no command, and there is no such file. \(hint)")
    }
  }

  func run() throws {
    try checkFiles()
    let engine = try server.engine(port: port)
    if plain {
      let run = ServeRun(server: engine, directory: dir, files: files, jobs: jobs)
      throw ExitCode(run.onMainLoop())
    }
    let setup = DashboardEngine.Setup(server: engine, directory: dir, jobs: jobs, trust: trusted.trust)
    let status = MainActor.assumeIsolated { DashboardRun(setup: setup, files: files).run() }
    throw ExitCode(status)
  }
}
