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

      A file on --raw-port has no declared length and ends with FIN, so an interrupted upload may look complete.
      """
  )

  @OptionGroup(title: "Server") var place: PlaceOptions

  @OptionGroup var server: ServerOptions

  @Flag(help: "Print JSON lines instead of plain text.")
  var json = false

  @Option("With --json: shortest time between two progress lines of an upload.", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  @OptionGroup var log: LogOptions

  func run() throws {
    let run = ServeRun(
      server: try server.engine(port: place.port),
      directory: place.dir,
      json: json,
      interval: interval.value,
      logger: log.logger
    )
    throw ExitCode(run.onMainLoop())
  }
}
