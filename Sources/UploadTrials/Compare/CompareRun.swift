package import DashboardApp
import Glibc
package import UploadCore

/// One comparison: checks its options, runs the clients in turn, shows the results, and removes its temporary files.
package struct CompareRun {
  /// What is compared, and how it is shown.
  package struct Configuration: Sendable {
    /// Path of the file to send; nil for one that is generated.
    package var file: String?
    /// Size of the generated file in bytes; not used where ``file`` names one.
    package var size: SizeSetting = 0
    /// How often each client sends it; at least 1.
    package var runs = 1
    /// Resident memory in bytes beyond which a client is ended; nil for no limit.
    package var maxMemory: SizeSetting?
    /// An existing directory in which a temporary one is made for the copies; nil for `TMPDIR`, otherwise `/tmp`.
    package var directory: String?
    /// Path of the SVG chart to write after the last run; nil for none.
    package var svg: String?
    /// Whether to print JSON lines instead of a screen or text.
    package var json = false

    package init() {}
  }

  private let configuration: Configuration
  private let stop: StopRequest

  package init(_ configuration: Configuration, _ stop: StopRequest) {
    self.configuration = configuration
    self.stop = stop
  }

  /// Runs the comparison; blocks until it has ended. Prints an error message to standard error.
  /// - Returns: the exit status: 0 when every client that must succeed did, 1 when not or when there is no result, 64
  ///   when the memory limit is too low, 130 when SIGINT has stopped it.
  package func run() -> Int32 {
    var renderer = makeRenderer()
    do throws(UploadError) {
      let workspace = try TrialWorkspace("sluice-compare", in: configuration.directory)
      defer { workspace.remove() }
      stop.onForce {
        RunningChildren.all.killAll()
        workspace.remove()
      }
      let comparison = try compare(in: workspace, &renderer)
      renderer.finish(comparison)
      if let path = configuration.svg { try MemoryChart(comparison: comparison).write(to: path) }
      return comparison.isGood ? 0 : 1
    } catch {
      renderer.clear()
      if stop.signal == SIGINT { return 130 }
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      // The memory limit, which only a run can show to be too low.
      return error.code == .badValue ? 64 : 1
    }
  }

  private func makeRenderer() -> any ComparisonRenderer {
    if configuration.json { return JSONComparisonRenderer() }
    let environment = ProcessEnvironment.all
    guard Output.canRedraw(environment), let terminal = environment["TERM"] else { return LineComparisonRenderer() }
    return LiveComparisonRenderer(terminal: terminal, environment)
  }

  private func compare(
    in workspace: TrialWorkspace,
    _ renderer: inout any ComparisonRenderer
  ) throws(UploadError) -> Comparison {
    let named = try configuration.file.map { path throws(UploadError) in try CompareFile(path) }
    // A generated file needs space for itself and its copy; more than any disk has where the sum overflows.
    let (double, overflow) = configuration.size.bytes.multipliedReportingOverflow(by: 2)
    try workspace.checkSpace(for: named?.size ?? (overflow ? .max : double))
    if let path = configuration.svg { try MemoryChart.check(path) }
    if let limit = configuration.maxMemory { try floor(in: workspace).check(limit) }
    let file: CompareFile
    if let named {
      file = named
    } else {
      renderer.note("Making a file of \(configuration.size) to send.")
      file = try CompareFile(try workspace.makeSample(of: configuration.size, until: stop))
    }
    renderer.note("Computing the SHA-256 of \(file.name) (\(ByteSize.text(file.size))).")
    let trial = try Trial(file, in: workspace) { stop.signal != nil }
    let (runs, limit) = (configuration.runs, configuration.maxMemory)
    var comparison = Comparison(name: file.name, size: file.size, runs: runs, maxMemory: limit)
    while let index = comparison.next {
      comparison.running = Comparison.Running(index: index)
      renderer.show(comparison)
      let client = comparison.results[index].client
      let result = try trial.run(client, limit: limit) { notes, memory in
        comparison.running = .init(index: index, bytes: notes.bytes, rate: notes.rate, memory: memory)
        renderer.show(comparison)
      }
      comparison.end(index, result)
      renderer.end(comparison, client, result, number: comparison.results[index].trials.count)
    }
    return comparison
  }

  /// Measures by a tiny upload how much memory a client needs for itself.
  private func floor(in workspace: TrialWorkspace) throws(UploadError) -> MemoryFloor {
    let file = try CompareFile(try workspace.makeSample(of: 1, until: stop))
    defer { unlink(file.path) }
    let trial = try Trial(file, in: workspace) { stop.signal != nil }
    return MemoryFloor(peak: try trial.run(CompareClient(program: .sluice, mode: .stream), limit: nil).clientPeak)
  }
}
