import ArgumentParser

/// `sluice serve`: the server without a terminal.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Receive uploads, and say what happens line by line.",
    discussion: """
      Takes POST /stream-upload (the body is the file), POST /file-upload (a form with any number of files) and \
      PUT /NAME. Stop it with Ctrl-C: running uploads get --grace to end; a later Ctrl-C ends at once. \
      SIGHUP reads the files of --tls-cert and --tls-key again.

      The raw port has no length and no end but FIN: a transfer that is cut there may look whole.
      """
  )

  @OptionGroup var server: ServerOptions

  @Option("Port to listen on; 0 takes any that is free.", value: "port")
  var port = 8080

  @Option("Directory for uploads; made when it is missing.", value: "path", completion: .directory)
  var dir = "./uploads"

  @Flag(help: "Print one JSON object a line instead of sentences.")
  var json = false

  @Option("With --json: the shortest time between two progress lines of an upload. (default: 500ms)", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  @OptionGroup var log: LogOptions

  mutating func validate() throws {
    try ServerOptions.check(port: port, "--port")
  }

  func run() throws {
    let run = ServeRun(
      server: try server.engine(port: port),
      directory: dir,
      json: json,
      interval: interval.value,
      logger: log.logger
    )
    throw ExitCode(run.onMainLoop())
  }
}
