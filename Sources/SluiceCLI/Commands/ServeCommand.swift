import ArgumentParser
import DashboardApp
import Glibc
import HTTPExchange
import Logging
import UploadClient
import UploadCore
import UploadProtocol
import UploadReport
import UploadServer

/// `sluice serve`: the server without a terminal.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Receive uploads, and print events as they happen.",
    discussion: """
      Accepts POST /stream-upload (the body is the file), POST /file-upload (a form with any number of files) and \
      PUT /files/PATH (in short PUT /PATH), and resumable uploads: tus at /uploads, the IETF draft at /stream-upload and \
      with PUT. Directories in paths are made, unless --flat is given. Ctrl-C lets running uploads finish (up to --grace); \
      press it again to exit immediately. SIGHUP reloads the files of --tls-cert and --tls-key.

      On a terminal the progress of active uploads is shown below the events, redrawn in place; with --plain, and \
      elsewhere, there are only output lines.

      A file on --raw-port has no declared length and ends with FIN, so an interrupted upload may look complete.
      """
  )

  @OptionGroup(title: "Server") var place: PlaceOptions

  @OptionGroup var server: ServerOptions

  @OptionGroup(title: "Object store") var objects: StoreOptions

  @OptionGroup(title: "Output") var output: OutputOptions

  mutating func validate() throws { try objects.check(server.files) }

  func run() throws {
    var engine = try server.engine(port: place.port)
    engine.target = objects.target
    var run = ServeRun(server: engine, directory: place.dir)
    (run.json, run.interval, run.logger) = (output.json, output.interval.value, output.logger)
    run.printsCode = output.qr
    let environment = ProcessEnvironment.all
    if !output.json, !output.plain, Output.canRedraw(environment) {
      run.live = LiveOutput()
      run.isUnicode = Output.isUnicode(environment)
    }
    throw ExitCode(run.onMainLoop())
  }
}

/// A server that prints events until it is asked to stop, and that may receive files sent at its start.
struct ServeRun: Sendable {
  var server: ServerEngine.Configuration
  var directory: String
  /// Whether events are printed as JSON lines instead of plain text.
  var json = false
  /// The shortest time between two progress lines of an upload, which only JSON lines include.
  var interval = Duration.milliseconds(500)
  var logger = ProcessLog.quiet
  /// Whether the first link of the upload page is also printed as a QR code; not with ``json``.
  var printsCode = false
  /// The terminal, where progress lines are redrawn in place; nil for output lines only.
  var live: LiveOutput?
  /// Whether that terminal can show characters beyond ASCII.
  var isUnicode = false
  /// Paths of files to send once the server listens.
  var files: [String] = []
  /// The server that they are sent to; nil for this one.
  var target: SendTarget?
  /// Number of ``files`` sent at once; less than 1 counts as 1.
  var jobs = 1
  private let reloads = WakeUps()

  /// Time for a graceful shutdown beyond the grace: ``UploadServer`` closes the remaining connections, writers finish.
  private static let stopTime = Duration.seconds(5)

  /// Blocks the main thread until a signal stops the server. SIGHUP reloads the certificate; it stops the server if the
  /// terminal was closed.
  /// - Returns: the exit status: 0 when it has stopped, 2 when it could not start or has failed, 1 when poll(2) fails.
  func onMainLoop() -> Int32 {
    let limit = server.grace + Self.stopTime
    if let live { Output.begin(live) }
    defer { Output.endLive() }
    return MainLoop.run(forcedStatus: 0, stopLimit: limit, reloads: reloads, output: live) { await run($0) }
  }

  private func run(_ stop: StopRequest) async -> Int32 {
    let ledger = UploadLedger()
    do {
      let engine = try await ServerEngine(
        server,
        directory: directory,
        ledger: ledger,
        logger: logger,
        otherDescriptors: files.isEmpty ? 0 : ClientEngine.descriptors(jobs: jobs)
      )
      let journal = ResumeJournal.defaultDirectory(in: ProcessEnvironment.all).map { ResumeJournal(directory: $0) }
      let proxies = ProxySettings(option: nil, environment: ProcessEnvironment.all)
      let resume = ResumeConfiguration(journal: journal)
      let queue = files.isEmpty ? nil : UploadQueue(ledger, jobs: jobs, resume: resume, proxies: proxies)
      let lines = LineRenderer(json ? .json : .plain, interval: interval, logger: logger)
      let renderer: any ProgressRenderer =
        if let live { ServeRenderer(live, unicode: isUnicode, log: lines) } else { lines }
      let reporter = Reporter(sampler: engine.sampler(ledger), ledger: ledger, renderer: renderer) {
        engine.releaseMemory()
      }
      stop.onRequest {
        queue?.close()
        await engine.server.stop()
      }
      // `listening` is the first line: uploads that an earlier run has left are known before.
      let announced = AsyncStream<Void>.makeStream()
      let reporting = Task {
        for await _ in announced.stream {}
        await reporter.run()
      }
      let reloading = Task { for await _ in reloads.stream { await reload(engine, reporter) } }
      defer {
        reporting.cancel()
        reloading.cancel()
      }
      try await engine.server.run { address in
        announce(address, engine, stop, reporter)
        announced.continuation.finish()
        if let queue { send(to: address, engine, queue) }
      }
      queue?.cancelTrees()
      // The server has ended incoming ones itself, and keeps what can be resumed.
      for meter in ledger.active() where meter.direction == .outgoing { meter.stop() }
      await queue?.waitUntilEmpty()
      let finishing = Task { await reporter.finish() }
      await engine.shutDown()
      stop.onlyOutputIsLeft()
      await finishing.value
      return 0
    } catch {
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      return 2
    }
  }

  /// Reads certificate and key again. New connections use the new ones, open connections the previous ones.
  private func reload(_ engine: ServerEngine, _ reporter: Reporter) async {
    do throws(UploadError) {
      guard let fingerprint = try await engine.reloadCertificate() else {
        logger.warning("SIGHUP ignored: nothing to reload without --tls-cert and --tls-key.")
        return
      }
      logger.notice("TLS certificate and key reloaded", metadata: ["fingerprint": "\(fingerprint)"])
      if !json { await reporter.write("TLS certificate and key reloaded; SHA-256 fingerprint \(fingerprint).") }
    } catch {
      logger.error("TLS certificate and key not reloaded, the previous ones stay in use: \(error.message)")
    }
  }

  private func send(to address: ServerAddress, _ engine: ServerEngine, _ queue: UploadQueue) {
    guard let target = target ?? (try? SendTarget(own: address, engine)) else { return }
    let rejected = queue.add(files.map { UploadJob(path: $0, target: target, mode: .stream) })
    if rejected > 0 { Output.errorLine("sluice: \(rejected) files were not queued: the queue is full.") }
  }

  private func announce(_ address: ServerAddress, _ engine: ServerEngine, _ stop: StopRequest, _ reporter: Reporter) {
    let facts = ServerListening(
      url: address.url,
      links: engine.links(to: address, token: engine.generatedToken),
      rawPort: address.rawPort,
      directory: server.target.location ?? directory,
      processID: getpid(),
      token: engine.generatedToken?.text,
      adminToken: engine.generatedOwnerToken?.text,
      fingerprint: address.fingerprint?.description,
      unfinished: address.unfinished
    )
    let listening = UploadEvent.listening(facts)
    if json {
      Output.line(listening.json.serialized)
    } else {
      if let line = listening.plainLine() { Output.timedLine(line) }
      // A given token is printed on a terminal only: other output may be a log.
      let isTerminal = isatty(STDOUT_FILENO) == 1
      printLinks(isTerminal ? engine.links(to: address, token: engine.token) : facts.links)
    }
    if let warning = server.accessWarning { logger.warning("\(warning)") }
    let grace = server.graceText
    let stopping = "Stopping: running uploads may finish within \(grace). Press Ctrl-C again to exit immediately."
    if !json { stop.onRequest { await reporter.write(stopping) } }
  }

  /// Prints the links, the best first, and the code of that.
  private func printLinks(_ links: [String]) {
    for link in links { Output.timedLine("open \(PlainText.sanitized(link)) in a browser") }
    guard printsCode, let link = links.first else { return }
    do throws(UploadError) {
      Output.raw(try QRCodeOutput.text(of: link, on: .standardOutput(ProcessEnvironment.all)))
    } catch {
      Output.errorLine("sluice: \(error.message)")
    }
  }
}
