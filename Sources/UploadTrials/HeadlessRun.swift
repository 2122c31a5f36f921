package import DashboardApp
import Glibc
import HTTPExchange
import UploadClient
package import UploadCore
import UploadProtocol
import UploadReport
import UploadServer

/// One run of the test mode: starts a server, sends the files in each of the configured modes, compares the stored
/// files by SHA-256, and removes everything that it made, unless files are to be kept (``Configuration/isKept``).
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it:
///
/// | folder | contents |
/// |---|---|
/// | `Content` | sample files, and digests to compare by |
/// | `Relay` | ``CuttingRelay``, which interrupts uploads |
/// | `Compare` | ``CompareRun``: clients as child processes, their memory, and how the comparison is shown |
/// | the top | ``HeadlessRun`` with ``InterruptedSending``, and ``ScriptRun`` with the parser and the player of its scripts |
package struct HeadlessRun: Sendable {
  /// The server, and the files to send to it.
  package struct Configuration: Sendable {
    package var server: ServerEngine.Configuration
    /// Directory for uploads; nil for a temporary one.
    package var directory: String?
    /// Paths of files to send; when empty, files are generated.
    package var files: [String] = []
    /// Size of each generated file in bytes.
    package var size = SizeSetting(64 << 20)
    /// How many files to generate where ``files`` is empty; none when it is below 1.
    package var count = 1
    /// The modes in which all files are sent, one mode after the other; when empty, nothing is sent. In the mode
    /// `resumable` each upload is interrupted twice.
    package var modes: [UploadMode] = []
    /// How many files are sent at once; less than 1 counts as 1.
    package var jobs = 1
    /// Whether stored and generated files are kept after the run.
    package var isKept = false
    /// The least time between two progress lines of an upload.
    package var interval = Duration.milliseconds(500)

    package init(server: ServerEngine.Configuration) {
      self.server = server
    }
  }

  private let configuration: Configuration
  private let stop: StopRequest
  private let ledger = UploadLedger()

  package init(_ configuration: Configuration, _ stop: StopRequest) {
    self.configuration = configuration
    self.stop = stop
  }

  /// Runs the test; call it once. Prints JSON lines to standard output, and an error message to standard error.
  /// - Returns: the exit status: 0 when every upload arrived intact, 1 when not or after another signal than SIGINT, 2
  ///   when the server cannot be started, 130 after SIGINT.
  package func run() async -> Int32 {
    do throws(UploadError) {
      let workspace = try TrialWorkspace("sluice-headless", uploads: configuration.directory)
      defer { workspace.remove(keepingFiles: configuration.isKept) }
      stop.onForce { [keep = configuration.isKept] in workspace.remove(keepingFiles: keep) }
      var settings = configuration.server
      // Clients are to return to the address that they have used: that of a relay.
      settings.server.publicURL = nil
      let engine = try await ServerEngine(
        settings,
        directory: workspace.uploads,
        ledger: ledger,
        logger: ProcessLog.quiet,
        otherDescriptors: descriptors
      )
      return await run(engine, workspace)
    } catch {
      return fail(error, status: 2)
    }
  }

  /// The most descriptors that the clients and the relays need.
  private var descriptors: Int {
    let client = ClientEngine.descriptors(jobs: configuration.jobs)
    guard configuration.modes.contains(.resumable) else { return client }
    return 2 * client + InterruptedSending.descriptors(jobs: configuration.jobs)
  }

  private func run(_ engine: ServerEngine, _ workspace: TrialWorkspace) async -> Int32 {
    let lines = LineRenderer(.json, interval: configuration.interval)
    let renderer = HeadlessRenderer(lines: lines, workspace: workspace)
    let reporter = Reporter(sampler: engine.sampler(ledger), ledger: ledger, renderer: renderer)
    do throws(UploadError) {
      let address = try await engine.listen().address
      let listening = ServerListening(
        url: address.url,
        links: engine.links(to: address, token: engine.generatedToken),
        rawPort: address.rawPort,
        directory: workspace.uploads,
        processID: getpid(),
        fingerprint: address.fingerprint?.description,
        unfinished: address.unfinished
      )
      Output.line(UploadEvent.listening(listening).json.serialized)
      let reporting = Task { await reporter.run() }
      defer { reporting.cancel() }
      let status = try await exercise(engine, at: address, workspace, reporter)
      await engine.server.stop()
      await engine.shutDown()
      return status
    } catch {
      await reporter.finish()
      return fail(error, status: error.code == .cannotListen ? 2 : 1)
    }
  }

  private func fail(_ error: UploadError, status: Int32) -> Int32 {
    Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
    return stop.signal == SIGINT ? 130 : status
  }

  /// Sends all files in every mode, compares them, and prints the summary.
  /// - Returns: the exit status.
  private func exercise(
    _ engine: ServerEngine,
    at address: ServerAddress,
    _ workspace: TrialWorkspace,
    _ reporter: Reporter
  ) async throws(UploadError) -> Int32 {
    let paths = try makePaths(in: workspace)
    let target = try SendTarget(own: address, engine)
    let server = TrialServer(url: address.url, token: engine.ownToken?.text, trust: target.origin.trust)
    let client = ClientEngine(configuration: UploadClientConfiguration(), ledger: ledger, jobs: configuration.jobs)
    let sources = paths.map { UploadSource.file($0) }
    var sent: [SentUpload] = []
    for mode in configuration.modes where stop.signal == nil {
      let sending = Task { [jobs = configuration.jobs, ledger] () async -> Result<[SentUpload], UploadError> in
        guard mode == .resumable else {
          let meters = await client.uploader.sendAll(sources, to: target, mode: mode, jobs: jobs)
          return .success(meters.map { SentUpload(meter: $0) })
        }
        let sending = InterruptedSending(to: server, ledger: ledger, jobs: jobs)
        do throws(UploadError) {
          return .success(try await sending.sendAll(paths))
        } catch {
          return .failure(error)
        }
      }
      stop.onRequest { sending.cancel() }
      sent += try await sending.value.get()
    }
    await reporter.finish()
    return finish(sent, paths, workspace)
  }

  /// The files to send, which are generated where none is named.
  private func makePaths(in workspace: TrialWorkspace) throws(UploadError) -> [String] {
    var paths = configuration.files
    if paths.isEmpty, configuration.count > 0 {
      for number in 1...configuration.count {
        paths.append(try workspace.makeSample(number, of: configuration.size, until: stop))
      }
    }
    return paths
  }

  /// Compares the files, prints the summary, and removes the files that were stored.
  /// - Parameter paths: of the files, in the order in which each mode has sent them.
  /// - Returns: the exit status.
  private func finish(_ sent: [SentUpload], _ paths: [String], _ workspace: TrialWorkspace) -> Int32 {
    let peak = ProcessMemory.current().peak
    let comparison = ContentComparison(paths: paths, directory: workspace.uploads) { [stop] in stop.signal != nil }
    let entries = sent.indices.map { index in
      let meter = sent[index].meter
      var entry = UploadSummary.Entry(
        for: meter,
        serverPeak: meter.ended?.outcome.storedName.flatMap(workspace.serverPeak),
        verdict: comparison.status(of: meter, sentFrom: paths[index % paths.count])
      )
      entry.interruptions = sent[index].interruptions
      return entry
    }
    let summary = UploadSummary(uploads: entries, peakResidentBytes: peak)
    Output.line(UploadEvent.summary(summary).json.serialized)
    if !configuration.isKept { workspace.removeStored(sent.compactMap { $0.meter.ended?.outcome.storedName }) }
    if stop.signal == SIGINT { return 130 }
    let isProven = entries.compactMap(\.interruptions).allSatisfy { $0 == CutPlan.interruptions }
    if summary.isGood, !isProven { Output.errorLine("sluice: Not every resumable upload was interrupted twice.") }
    return summary.isGood && isProven && stop.signal == nil ? 0 : 1
  }
}

/// The test mode's renderer: prints JSON lines, and records how much memory the server used for each file.
struct HeadlessRenderer: ProgressRenderer {
  var lines: LineRenderer
  let workspace: TrialWorkspace

  mutating func show(_ snapshot: Snapshot) {
    workspace.note(snapshot)
    lines.show(snapshot)
  }
}
