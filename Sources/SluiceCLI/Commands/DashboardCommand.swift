import ArgumentParser
import DashboardApp
import Glibc
import HTTPExchange
import TerminalUI
import UploadClient
import UploadCore

/// `sluice` alone: the dashboard.
struct DashboardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Receive and send on one screen: what sluice does without a command.",
    discussion: """
      Starts a server, and shows every upload in both directions with its progress, rate and memory. Files named here \
      are sent to that server immediately, or to the one of --to; press u to choose more, and to send them to any server. \
      Press ? for all keys.

      Without a terminal, or for a screen reader, use --plain, which prints one output line per event.
      """
  )

  @Argument(help: ArgumentHelp("Files or directories to send to the server.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Option(
    "Server that files are sent to at first, as for sluice send. (default: the one started here)",
    value: "url",
    discussion:
      "A token of that server is part of the URL, http://HOST:PORT/?token=TOKEN. Other users of the machine can "
      + "read it in the list of processes; SLUICE_TO is not visible there."
  )
  var to: String?

  @Flag(help: "Print events as plain text instead of opening the dashboard.")
  var plain = false

  @Option("Number of files sent at once; others are queued.", .count(to: 10_000))
  var jobs = 2

  @Option("When all uploads are done or one fails: nothing, the bell, or a notification of the desktop.", value: "how")
  var notify = NotificationMode.none

  @OptionGroup(title: "Server") var place: PlaceOptions

  @OptionGroup var server: ServerOptions

  @OptionGroup(title: "Object store") var objects: StoreOptions

  @OptionGroup(title: "Sending to other servers") var trusted: TrustOptions

  mutating func validate() throws {
    try objects.check(server.files)
    guard !files.contains("-") else {
      throw ValidationError("The dashboard reads keys from standard input. Send it with: sluice send - --to URL.")
    }
    let limit = UploadQueueState.limit
    guard files.count <= limit else {
      throw ValidationError("\(files.count) files exceed the queue's limit of \(limit). Name fewer of them.")
    }
    try validated { () throws(UploadError) in
      guard let to else { return }
      let target = try SendTarget(to)
      _ = try ProxySettings(option: nil, environment: ProcessEnvironment.all).proxy(for: target)
    }
  }

  func run() throws {
    // Checked after everything else: an unknown option before it is the mistake.
    for file in files where NameBytes.withPath(file, { access($0, F_OK) }) != 0 {
      let name = PlainText.sanitized(file)
      let hint = SendCommand.isURL(file) ? "Send files with: sluice send FILE --to URL." : "See sluice --help."
      throw ValidationError("\"\(name)\" is neither a command nor an existing file. \(hint)")
    }
    var engine = try server.engine(port: place.port)
    engine.target = objects.target
    if plain {
      var run = ServeRun(server: engine, directory: place.dir, files: files, jobs: jobs)
      run.target = try to.map { try SendTarget($0, trust: trusted.trust) }
      throw ExitCode(run.onMainLoop())
    }
    var setup = DashboardEngine.Setup(server: engine, directory: place.dir, jobs: jobs, trust: trusted.trust)
    // Without its scheme it could be the name of a stored target.
    setup.target = to.map { $0.contains("://") ? $0 : "http://\($0)" }
    setup.proxies = ProxySettings(option: nil, environment: ProcessEnvironment.all)
    setup.notification = notify
    let status = MainActor.assumeIsolated { DashboardRun.run(setup, sending: files) }
    throw ExitCode(status)
  }
}
