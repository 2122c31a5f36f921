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

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    var run = ServeRun(server: try server.engine(port: place.port), directory: place.dir)
    (run.json, run.interval, run.logger) = (output.json, output.interval.value, output.logger)
    throw ExitCode(run.onMainLoop())
  }
}
