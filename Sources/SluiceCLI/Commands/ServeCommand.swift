import ArgumentParser

/// `sluice serve`: the server without a terminal.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Receive uploads, and print events as they happen.",
    discussion: """
      Accepts POST /stream-upload (the body is the file), POST /file-upload (a form with any number of files) and \
      PUT /NAME. Ctrl-C lets running uploads finish (up to --grace); press it again to exit immediately. \
      SIGHUP reloads the files of --tls-cert and --tls-key.

      On the raw port a file has no length and ends with FIN, so an interrupted upload may look complete.
      """
  )

  @OptionGroup var server: ServerOptions

  @Option("Port to listen on; 0 takes any that is free.", value: "port")
  var port = 8080

  @Option("Directory for uploads; made when it is missing.", value: "path", completion: .directory)
  var dir = "./uploads"

  @Flag(help: "Print JSON lines instead of sentences.")
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
