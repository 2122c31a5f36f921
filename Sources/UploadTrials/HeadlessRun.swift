package import DashboardApp
import Glibc
import Synchronization
import UploadClient
package import UploadCore
import UploadProtocol
import UploadReport
import UploadServer

/// One run of the test mode: server up, files through in every mode, contents compared, everything removed.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it:
///
/// | folder | holds |
/// |---|---|
/// | `Content` | sample files, and digests to compare by |
/// | `Script` | scripts for the dashboard: commands, their parser, the player |
/// | `Comparison` | what `compare` measures, as values, and how it is shown |
/// | `Trial` | child processes: one client sending one file to a server of its own |
/// | the top | ``HeadlessRun``, ``ScriptRun``, ``CompareRun``: what the commands run |
package struct HeadlessRun: Sendable {
  /// What is to be proved.
  package struct Configuration: Sendable {
    package var server: ServerEngine.Configuration
    /// For uploads; nil for a temporary one.
    package var directory: String?
    /// Files to send; generated ones when empty.
    package var files: [String] = []
    /// Of each generated file.
    package var size = SizeSetting(64 << 20)
    /// How many files to generate.
    package var count = 1
    package var modes: [UploadMode] = []
    /// Files under way at once.
    package var jobs = 1
    /// Whether what was stored and generated stays.
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
  private let peaks = ServerPeaks()

  package init(_ configuration: Configuration, _ stop: StopRequest) {
    self.configuration = configuration
    self.stop = stop
  }

  /// - Returns: the exit status.
  package func run() async -> Int32 {
    let workspace: HeadlessWorkspace
    do throws(UploadError) {
      workspace = try HeadlessWorkspace(directory: configuration.directory)
    } catch {
      return fail(error, status: 2)
    }
    defer { workspace.remove(keepingFiles: configuration.isKept) }
    stop.onForce { [peaks, keep = configuration.isKept] in
      if !keep { workspace.removeStored(peaks.names) }
      workspace.remove(keepingFiles: keep)
    }
    return await run(in: workspace)
  }

  private func run(in workspace: HeadlessWorkspace) async -> Int32 {
    let engine: ServerEngine
    do throws(UploadError) {
      engine = try ServerEngine(
        configuration.server,
        directory: workspace.uploads,
        ledger: ledger,
        logger: ProcessLog.quiet,
        otherDescriptors: ClientEngine.descriptors(jobs: configuration.jobs)
      )
    } catch {
      return fail(error, status: 2)
    }
    let renderer = HeadlessRenderer(lines: LineRenderer(.json, interval: configuration.interval), peaks: peaks)
    let reporter = Reporter(sampler: engine.sampler(ledger), ledger: ledger, renderer: renderer)
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
    let paths = configuration.files.isEmpty ? try generate(in: workspace) : configuration.files
    let target = try SendTarget(own: address, engine)
    let client = ClientEngine(configuration: UploadClientConfiguration(), ledger: ledger, jobs: configuration.jobs)
    let sources = paths.map { UploadSource.file($0) }
    var meters: [UploadMeter] = []
    for mode in configuration.modes where stop.signal == nil {
      let sending = Task { [jobs = configuration.jobs] in
        await client.uploader.sendAll(sources, to: target, mode: mode, jobs: jobs)
      }
      stop.onRequest { sending.cancel() }
      meters += await sending.value
    }
    await reporter.finish()
    let peak = ProcessMemory.current().peak
    let comparison = ContentComparison(
      paths: paths,
      directory: workspace.uploads,
      isCancelled: { [stop] in stop.signal != nil }
    )
    let entries = zip(meters, meters.indices).map { meter, index in
      UploadSummary.Entry(
        for: meter,
        serverPeak: meter.storedName.flatMap { peaks[$0] },
        verdict: comparison.verdict(of: meter, sentFrom: paths[index % paths.count])
      )
    }
    let summary = UploadSummary(uploads: entries, peakResidentBytes: peak)
    Output.line(UploadEvent.summary(summary).json.serialized)
    if !configuration.isKept { workspace.removeStored(meters.compactMap(\.storedName)) }
    if stop.signal == SIGINT { return 130 }
    return summary.isGood && stop.signal == nil ? 0 : 1
  }

  private func generate(in workspace: HeadlessWorkspace) throws(UploadError) -> [String] {
    var paths: [String] = []
    for number in 1...configuration.count {
      let path = "\(workspace.generated)/sample-\(number).bin"
      let writer = SampleWriter(path: path, size: configuration.size, random: true, force: false)
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

/// The test mode's renderer: JSON lines, and a note of how much memory the server held for each file.
struct HeadlessRenderer: ProgressRenderer {
  var lines: LineRenderer
  let peaks: ServerPeaks

  mutating func show(_ snapshot: Snapshot) {
    for upload in snapshot.uploads where upload.direction == .incoming {
      if case .finished(let file) = upload.outcome { peaks[file.path] = upload.peakResidentBytes }
    }
    lines.show(snapshot)
  }
}

/// The most memory the server held for each stored file, by its name; bytes.
final class ServerPeaks: Sendable {
  private let peaks = Mutex<[String: Int]>([:])

  /// The names of all files that the server has reported.
  var names: [String] { peaks.withLock { Array($0.keys) } }

  subscript(name: String) -> Int? {
    get { peaks.withLock { $0[name] } }
    set { peaks.withLock { $0[name] = newValue } }
  }
}

/// Where the test mode puts its files, and what it has to remove afterwards.
struct HeadlessWorkspace: Sendable {
  /// Uploads end up here.
  let uploads: String
  /// Generated files are here.
  let generated: String
  private let root: String
  private let madeUploads: Bool

  /// - Parameter directory: for uploads, where the user named one.
  /// - Throws: ``UploadError`` with code `badDirectory` when there is no place for temporary files.
  init(directory: String?) throws(UploadError) {
    root = try ScratchDirectory.make("sluice-headless")
    generated = root
    uploads = directory ?? root + "/uploads"
    madeUploads = access(uploads, F_OK) != 0
  }

  /// Removes stored files by name, in a directory that may hold others.
  func removeStored(_ names: [String]) {
    for name in names { unlink("\(uploads)/\(name)") }
  }

  /// Removes all that was made: generated files, and directories. In a directory of its own that includes what the server
  /// stored although the client had given up on it by then.
  /// - Parameter keepingFiles: remove only directories that nothing was put into.
  func remove(keepingFiles: Bool) {
    if !keepingFiles {
      if madeUploads { removeStored(DirectoryNames.read(uploads)) }
      for name in DirectoryNames.read(root) where name.hasPrefix("sample-") { unlink("\(root)/\(name)") }
    }
    if madeUploads { rmdir(uploads) }
    rmdir(root)
  }
}
