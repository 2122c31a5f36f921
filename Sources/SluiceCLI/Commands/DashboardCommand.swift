import ArgumentParser
import DashboardApp
import Glibc
import UploadClient
import UploadCore

/// `sluice` alone: the dashboard.
struct DashboardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Receive and send on one screen: what sluice does without a command.",
    discussion: """
      Starts a server, and shows every upload in both directions with its progress, rate and memory. Files named here \
      are sent to that server immediately; press u to choose more, and to send them to any server. Press ? for all keys.

      Without a terminal, or for a screen reader, use --plain, which prints one output line per event.
      """
  )

  @Argument(help: ArgumentHelp("Files or directories to send to the server.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Flag(help: "Print events as plain text instead of opening the dashboard.")
  var plain = false

  @Option("Number of files sent at once; others are queued.", .count(to: 10_000))
  var jobs = 2

  @OptionGroup(title: "Server") var place: PlaceOptions

  @OptionGroup var server: ServerOptions

  @OptionGroup(title: "Sending to other servers") var trusted: TrustOptions

  mutating func validate() throws {
    guard !files.contains("-") else {
      throw ValidationError("The dashboard reads keys from standard input. Send it with: sluice send - --to URL.")
    }
    let limit = UploadQueueState.limit
    guard files.count <= limit else {
      throw ValidationError("\(files.count) files exceed the queue's limit of \(limit). Name fewer of them.")
    }
  }

  func run() throws {
    // Checked after everything else: in `FILE --to URL` the unknown option is the mistake, not the URL.
    for file in files where NameBytes.withPath(file, { access($0, F_OK) }) != 0 {
      let name = PlainText.sanitized(file)
      let hint = SendCommand.isURL(file) ? "Send files with: sluice send FILE --to URL." : "See sluice --help."
      throw ValidationError("\"\(name)\" is neither a command nor an existing file. \(hint)")
    }
    let engine = try server.engine(port: place.port)
    if plain {
      let run = ServeRun(server: engine, directory: place.dir, files: files, jobs: jobs)
      throw ExitCode(run.onMainLoop())
    }
    var setup = DashboardEngine.Setup(server: engine, directory: place.dir, jobs: jobs, trust: trusted.trust)
    setup.proxies = ProxySettings(option: nil, environment: ProcessEnvironment.all)
    let status = MainActor.assumeIsolated { DashboardRun.run(setup, sending: files) }
    throw ExitCode(status)
  }
}
