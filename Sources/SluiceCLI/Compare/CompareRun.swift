import Glibc
import UploadCore

/// One comparison from its start to its end: checks, the clients in turn, the results, everything put away.
struct CompareRun {
  private let command: CompareCommand
  private let stop: StopRequest

  init(_ command: CompareCommand, _ stop: StopRequest) {
    self.command = command
    self.stop = stop
  }

  /// - Returns: the exit status.
  func run() -> Int32 {
    var face: any CompareFace = CompareFaces.face(json: command.json)
    do throws(UploadError) {
      let workspace = try CompareWorkspace(in: command.dir)
      defer { workspace.remove() }
      stop.onForce {
        RunningChildren.all.killAll()
        workspace.remove()
      }
      let comparison = try compare(in: workspace, &face)
      face.finish(comparison)
      if let path = command.svg { try MemoryChart(comparison).write(to: path) }
      return comparison.isGood ? 0 : 1
    } catch {
      face.clear()
      if stop.signal == SIGINT { return 130 }
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      // The one value that only trying can show to be wrong.
      return error.code == .badValue ? 64 : 1
    }
  }

  private func compare(in workspace: CompareWorkspace, _ face: inout any CompareFace) throws(UploadError) -> Comparison
  {
    let named = try command.file.map { path throws(UploadError) in try CompareFile(path) }
    try workspace.checkRoom(for: named?.size ?? doubled(command.size?.bytes ?? 0))
    if let path = command.svg { try MemoryChart.check(path) }
    if let limit = command.maxMemory?.size { try floor(in: workspace).check(limit) }
    let file: CompareFile
    if let named {
      file = named
    } else {
      let size = command.size?.size ?? 0
      face.note("Making a file of \(size) to send.")
      try makeSample(workspace.sample, size)
      file = try CompareFile(workspace.sample)
    }
    face.note("Reading \(file.name) (\(ByteSize.text(file.size))) to know it again.")
    let digest = try digest(of: file)
    var comparison = Comparison(
      name: file.name,
      size: file.size,
      runs: command.runs,
      maxMemory: command.maxMemory?.size
    )
    while let index = comparison.next {
      comparison.begin(index)
      face.begin(comparison)
      let trial = trial(comparison.results[index].client, file, digest, workspace, limit: command.maxMemory?.size)
      let result = try trial.run { notes, memory in
        comparison.update(bytes: notes.bytes, rate: notes.rate, memory: memory)
        face.show(comparison)
      }
      comparison.end(index, result)
      face.end(comparison, index)
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
    if let digest = HeadlessComparison.digest(of: file.path, isCancelled: { stop.signal != nil }) { return digest }
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
