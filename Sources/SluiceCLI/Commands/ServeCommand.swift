import ArgumentParser
import Glibc
import Logging
import UploadCore
import UploadReport
import UploadServer
import UploadStorage

/// `sluice serve`: the server without a terminal.
struct ServeCommand: ParsableCommand, EnvironmentDefaults.Reading {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Receive uploads, and say what happens line by line.",
    discussion: """
      Takes POST /stream-upload (the body is the file), POST /file-upload (a form with any number of files) and \
      PUT /NAME. Stop it with Ctrl-C: running uploads get --grace to end; a second Ctrl-C ends at once.

      The raw port has no length and no end but FIN: a transfer that is cut there may look whole.
      """
  )

  @OptionGroup var server: ServerOptions

  @Option(help: ArgumentHelp("Port to listen on; 0 takes any that is free.", valueName: "port"))
  var port = 8080

  @Option(help: ArgumentHelp("Directory for uploads; made when it is missing.", valueName: "path"))
  var dir = "./uploads"

  @Flag(help: "Print one JSON object a line instead of sentences.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "With --json: the shortest time between two progress lines of an upload. (default: 500ms)",
      valueName: "time"
    ),
    transform: TimeArgument.init(parsing:)
  )
  var interval = TimeArgument(seconds: 0.5, "500ms")

  @OptionGroup var log: LogOptions

  static let valueNames = ServerOptions.valueNames + LogOptions.valueNames + ["port", "dir", "interval"]
  static let switchNames = ServerOptions.switchNames + ["json"]

  mutating func validate() throws {
    try ServerOptions.check(port: port, "--port")
  }

  func run() throws {
    let status = MainLoop.run(forcedStatus: 0) { [self] stop in await serve(stop) }
    throw ExitCode(status)
  }

  private func serve(_ stop: StopRequest) async -> Int32 {
    let ledger = UploadLedger()
    do {
      let engine = try ServerEngine(
        options: server,
        port: port,
        directory: dir,
        ledger: ledger,
        logger: log.logger
      )
      let reporter = Reporter(sampler: sampler(engine, ledger), face: face) { engine.giveBackMemory() }
      stop.onRequest { await engine.server.stop() }
      let reporting = Task { await reporter.run() }
      defer { reporting.cancel() }
      try await engine.server.run { [self] in announce($0, engine, stop) }
      await reporter.finish()
      await engine.shutDown()
      return 0
    } catch {
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      return 2
    }
  }

  private var face: any Face {
    LoggedFace(LineFace(json ? .json : .plain(progress: false), interval: interval.duration), logger: log.logger)
  }

  private func sampler(_ engine: ServerEngine, _ ledger: UploadLedger) -> Sampler {
    let budget = engine.budget
    return Sampler(ledger: ledger, stallAfter: server.stallAfter.duration, slabUse: { budget.use })
  }

  private func announce(_ address: ServerAddress, _ engine: ServerEngine, _ stop: StopRequest) {
    let listening = UploadEvent.listening(
      ServerListening(
        url: address.url,
        rawPort: address.rawPort,
        directory: dir,
        processID: getpid(),
        // One that was given is known to who gave it, and no business of a log's.
        token: server.access.token == nil ? engine.token?.text : nil
      )
    )
    if let line = json ? listening.json.serialized : listening.plainLine() { Output.line(line) }
    if engine.token == nil, !LoopbackName.contains(server.host) {
      log.logger.warning("Anybody who can reach \(PlainText.sanitized(server.host)) can upload and download here.")
    }
    if !json { stop.onRequest { Output.line("Stopping: running uploads may go on for \(server.grace).") } }
  }
}
