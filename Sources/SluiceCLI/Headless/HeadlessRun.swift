import Glibc
import UploadClient
import UploadCore
import UploadProtocol
import UploadReport
import UploadServer
import UploadStorage

/// One run of the test mode: server up, files through in every mode, contents compared, everything put away.
struct HeadlessRun: Sendable {
  private let command: HeadlessCommand
  private let stop: StopRequest
  private let ledger = UploadLedger()
  private let peaks = ServerPeaks()

  init(_ command: HeadlessCommand, _ stop: StopRequest) {
    self.command = command
    self.stop = stop
  }

  /// - Returns: the exit status.
  func run() async -> Int32 {
    let workspace: HeadlessWorkspace
    do throws(UploadError) {
      workspace = try HeadlessWorkspace(directory: command.dir)
    } catch {
      return fail(error, status: 2)
    }
    defer { workspace.remove(keepingFiles: command.keep) }
    stop.onForce { [peaks, keep = command.keep] in
      if !keep { workspace.removeStored(peaks.names) }
      workspace.remove(keepingFiles: keep)
    }
    return await run(in: workspace)
  }

  private func run(in workspace: HeadlessWorkspace) async -> Int32 {
    let engine: ServerEngine
    do throws(UploadError) {
      engine = try ServerEngine(
        options: command.server,
        port: command.port,
        directory: workspace.uploads,
        ledger: ledger,
        logger: LogOptions.quietLogger,
        otherDescriptors: ClientEngine.descriptors(jobs: command.jobs)
      )
    } catch {
      return fail(error, status: 2)
    }
    let budget = engine.budget
    let sampler = Sampler(
      ledger: ledger,
      stallAfter: command.server.stallAfter.duration,
      slabUse: { budget.use }
    )
    let face = HeadlessFace(lines: LineFace(.json, interval: command.interval.duration), peaks: peaks)
    let reporter = Reporter(sampler: sampler, ledger: ledger, face: face)
    do throws(UploadError) {
      let address = try await start(engine, workspace)
      let reporting = Task { await reporter.run() }
      defer { reporting.cancel() }
      let status = try await exercise(engine, workspace, address, reporter)
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
    if stop.signal == SIGINT { return 130 }
    return status
  }

  /// Brings the server up and waits until it listens.
  private func start(_ engine: ServerEngine, _ workspace: HeadlessWorkspace) async throws(UploadError) -> ServerAddress
  {
    let address = try await engine.listen().address
    let listening = ServerListening(
      url: address.url,
      rawPort: address.rawPort,
      directory: workspace.uploads,
      processID: getpid(),
      fingerprint: address.fingerprint?.description
    )
    Output.line(UploadEvent.listening(listening).json.serialized)
    return address
  }

  /// Sends everything in every mode, compares, and prints the summary.
  private func exercise(
    _ engine: ServerEngine,
    _ workspace: HeadlessWorkspace,
    _ address: ServerAddress,
    _ reporter: Reporter
  ) async throws(UploadError) -> Int32 {
    let paths = command.files.isEmpty ? try generate(in: workspace) : command.files
    let target = try SendTarget(own: address, engine)
    let client = ClientEngine(configuration: UploadClientConfiguration(), ledger: ledger, jobs: command.jobs)
    let sources = paths.map { UploadSource.file($0) }
    var meters: [UploadMeter] = []
    for mode in command.modes where stop.signal == nil {
      let sending = Task { [command] in
        await client.uploader.sendAll(sources, to: target, mode: mode.uploadMode, jobs: command.jobs)
      }
      stop.onRequest { sending.cancel() }
      meters += await sending.value
    }
    await reporter.finish()
    let peak = ProcessMemory.current().peak
    let comparison = HeadlessComparison(
      paths: paths,
      directory: workspace.uploads,
      isCancelled: { [stop] in stop.signal != nil }
    )
    let entries = zip(meters, meters.indices).map { meter, index in
      SummaryEntries.entry(
        for: meter,
        serverPeak: meter.storedName.flatMap { peaks[$0] },
        verdict: comparison.verdict(of: meter, sentFrom: paths[index % paths.count])
      )
    }
    let summary = UploadSummary(uploads: entries, peakResidentBytes: peak)
    Output.line(UploadEvent.summary(summary).json.serialized)
    if !command.keep { workspace.removeStored(meters.compactMap(\.storedName)) }
    if stop.signal == SIGINT { return 130 }
    return summary.isGood && stop.signal == nil ? 0 : 1
  }

  private func generate(in workspace: HeadlessWorkspace) throws(UploadError) -> [String] {
    let size = command.size?.size ?? SizeSetting(64 << 20)
    var paths: [String] = []
    for number in 1...(command.count ?? 1) {
      let path = "\(workspace.generated)/sample-\(number).bin"
      let writer = SampleWriter(path: path, size: size, random: true, force: false)
      try writer.write(progress: { _ in }, isCancelled: { stop.signal != nil })
      paths.append(path)
    }
    return paths
  }
}

extension UploadMeter {
  /// What the server called the file; nil unless it was stored.
  fileprivate var storedName: String? {
    guard case .finished(let upload) = ended?.outcome else { return nil }
    return upload.path
  }
}
