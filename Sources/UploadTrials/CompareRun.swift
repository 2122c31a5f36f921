package import DashboardApp
import Glibc
package import UploadCore

/// One comparison from its start to its end: checks, the clients in turn, the results, everything removed.
package struct CompareRun {
  /// What is compared, and how it is shown.
  package struct Configuration: Sendable {
    /// The file to send; nil for one that is generated.
    package var file: String?
    /// Of the generated file.
    package var size: SizeSetting = 0
    /// How often each client sends it.
    package var runs = 1
    /// Resident memory beyond which a client is ended; nil for no limit.
    package var maxMemory: SizeSetting?
    /// Where the copies go until they are compared; nil for the place of temporary files.
    package var directory: String?
    /// Where a chart is written to; nil for nowhere.
    package var svg: String?
    /// JSON lines instead of a screen or text.
    package var json = false

    package init() {}
  }

  private let configuration: Configuration
  private let stop: StopRequest

  package init(_ configuration: Configuration, _ stop: StopRequest) {
    self.configuration = configuration
    self.stop = stop
  }

  /// - Returns: the exit status.
  package func run() -> Int32 {
    var renderer: any ComparisonRenderer = ComparisonRenderers.renderer(json: configuration.json)
    do throws(UploadError) {
      let workspace = try CompareWorkspace(in: configuration.directory)
      defer { workspace.remove() }
      stop.onForce {
        RunningChildren.all.killAll()
        workspace.remove()
      }
      let comparison = try compare(in: workspace, &renderer)
      renderer.finish(comparison)
      if let path = configuration.svg { try MemoryChart(comparison).write(to: path) }
      return comparison.isGood ? 0 : 1
    } catch {
      renderer.clear()
      if stop.signal == SIGINT { return 130 }
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      // The one value that only trying can show to be wrong.
      return error.code == .badValue ? 64 : 1
    }
  }

  private func compare(
    in workspace: CompareWorkspace,
    _ renderer: inout any ComparisonRenderer
  ) throws(UploadError) -> Comparison {
    let named = try configuration.file.map { path throws(UploadError) in try CompareFile(path) }
    try workspace.checkRoom(for: named?.size ?? doubled(configuration.size.bytes))
    if let path = configuration.svg { try MemoryChart.check(path) }
    if let limit = configuration.maxMemory { try floor(in: workspace).check(limit) }
    let file: CompareFile
    if let named {
      file = named
    } else {
      renderer.note("Making a file of \(configuration.size) to send.")
      try makeSample(workspace.sample, configuration.size)
      file = try CompareFile(workspace.sample)
    }
    renderer.note("Reading \(file.name) (\(ByteSize.text(file.size))) to know it again.")
    let digest = try digest(of: file)
    var comparison = Comparison(
      name: file.name,
      size: file.size,
      runs: configuration.runs,
      maxMemory: configuration.maxMemory
    )
    while let index = comparison.next {
      comparison.begin(index)
      renderer.begin(comparison)
      let trial = trial(comparison.results[index].client, file, digest, workspace, limit: configuration.maxMemory)
      let result = try trial.run { notes, memory in
        comparison.update(bytes: notes.bytes, rate: notes.rate, memory: memory)
        renderer.show(comparison)
      }
      comparison.end(index, result)
      renderer.end(comparison, index)
    }
    return comparison
  }

  /// The file and its copy; more than any disk has where that cannot be counted.
  private func doubled(_ size: UInt64) -> UInt64 {
    let (sum, overflow) = size.addingReportingOverflow(size)
    return overflow ? .max : sum
  }

  private func makeSample(_ path: String, _ size: SizeSetting) throws(UploadError) {
    let writer = SampleWriter(path: path, size: size, random: true, force: false)
    try writer.write(isCancelled: { stop.signal != nil })
  }

  private func digest(of file: CompareFile) throws(UploadError) -> String {
    if let digest = FileDigest.sha256(of: file.path, isCancelled: { stop.signal != nil }) { return digest }
    if stop.signal != nil { throw UploadError(.cancelled, "The comparison was stopped.") }
    throw UploadError(.unreadableFile, "\(file.name) cannot be read to its end.")
  }

  /// Finds by a tiny upload what a client needs for itself.
  private func floor(in workspace: CompareWorkspace) throws(UploadError) -> MemoryFloor {
    try makeSample(workspace.sample, 1)
    defer { unlink(workspace.sample) }
    let file = try CompareFile(workspace.sample)
    let client = CompareClient(program: .sluice, mode: .stream)
    let result = try trial(client, file, digest(of: file), workspace, limit: nil).run()
    return MemoryFloor(peak: result.clientPeak)
  }

  private func trial(
    _ client: CompareClient,
    _ file: CompareFile,
    _ digest: String,
    _ workspace: CompareWorkspace,
    limit: SizeSetting?
  ) -> Trial {
    Trial(
      client: client,
      file: file,
      digest: digest,
      workspace: workspace,
      limit: limit,
      // What is set for this command is not meant for those it starts.
      environment: ParentProcess.naming(getpid(), in: ProcessEnvironment.all.filter { !$0.key.hasPrefix("SLUICE_") }),
      isCancelled: { stop.signal != nil }
    )
  }
}
