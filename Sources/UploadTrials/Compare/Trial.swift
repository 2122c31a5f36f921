import DashboardApp
import Glibc
import UploadCore

/// Runs clients that all send the same file, each run to a new server process.
struct Trial {
  /// Milliseconds between two samples of the client's memory; fewer at first, since some clients end within moments.
  private static let period: Int32 = 20
  private static let firstPeriod: Int32 = 2
  private static let firstTime = Duration.milliseconds(100)
  /// How long the server may take to report the end of an upload after the client has ended.
  private static let patience = Duration.seconds(2)

  /// The error, with code `cancelled`, of a comparison that the user has stopped.
  static let cancelled = UploadError(.cancelled, "The comparison was stopped.")

  private let file: CompareFile
  /// The file's SHA-256 in hexadecimal.
  private let digest: String
  private let workspace: TrialWorkspace
  private let environment: [String: String]
  private let isCancelled: () -> Bool

  /// Computes the file's SHA-256. Blocks until then.
  /// - Parameter isCancelled: called often, here and in each run; true ends either as soon as possible.
  /// - Throws: ``UploadError`` with code `cancelled` or `unreadableFile`.
  init(_ file: CompareFile, in workspace: TrialWorkspace, isCancelled: @escaping () -> Bool) throws(UploadError) {
    guard let digest = FileDigest.sha256(of: file.path, isCancelled: isCancelled) else {
      if isCancelled() { throw Self.cancelled }
      throw UploadError(.unreadableFile, "\(file.name) cannot be read to its end.")
    }
    self.file = file
    self.digest = digest
    self.workspace = workspace
    self.isCancelled = isCancelled
    // The variables of this command do not apply to the commands it starts.
    let inherited = ProcessEnvironment.all.filter { !$0.key.hasPrefix("SLUICE_") }
    var environment = ParentProcess.naming(getpid(), in: inherited)
    // Unfinished uploads of clients that are killed are not left in the user's own journal.
    environment["XDG_STATE_HOME"] = workspace.state
    self.environment = environment
  }

  /// Runs a client once; leaves no process and no copy behind. Blocks until the client has ended. A client that fails, or
  /// cannot be started, is a result and not an error.
  /// - Parameters:
  ///   - limit: resident bytes beyond which the client is ended; nil for no limit.
  ///   - onSample: called on this thread with the server's reports and the client's memory over time: every 2 ms at first,
  ///     every 20 ms after a tenth of a second.
  /// - Throws: ``UploadError`` with code `cancelled`, `cannotListen` or `fileChanged`.
  func run(
    _ client: CompareClient,
    limit: SizeSetting?,
    onSample: (ServerNotes, MemorySeries) -> Void = { _, _ in }
  ) throws(UploadError) -> TrialResult {
    let server = try LocalServer(directory: workspace.uploads, environment: environment, isCancelled: isCancelled)
    defer {
      server.process.kill()
      workspace.removeAllStored()
    }
    let relay = client.isInterrupted ? try CuttingRelay(to: server.url, CutPlan(interrupting: file.size)) : nil
    var outcome = TrialOutcome(exit: .status(1))
    let began = ContinuousClock.now
    let process: ChildProcess
    do {
      let arguments = client.arguments(file: file.path, url: relay?.url ?? server.url)
      process = try ChildProcess(client.executable, arguments, environment: environment) { line, isError in
        outcome.add(line, isError: isError)
      }
    } catch {
      guard error.number == ENOENT else { return TrialResult(status: .failed, reason: error.reason) }
      return TrialResult(status: .missing, reason: "\(client.program.rawValue) is not installed")
    }
    defer { process.kill() }
    var result = TrialResult(status: .failed)
    outcome.exceededLimit = try watch(process, server, limit, since: began, &result.memory, onSample)
    result.seconds = (ContinuousClock.now - began).inSeconds
    outcome.exit = process.exit ?? .status(1)
    // The server has yet to report the end of an upload that it has seen.
    server.process.pump(atMost: Self.patience) {
      !server.notes.hasEnded && (outcome.status == nil || server.notes.bytes > 0) && !isCancelled()
    }
    _ = server.process.sampleMemory()
    result.clientPeak = process.peak
    result.serverPeak = server.process.peak
    result.uploadPeak = server.notes.uploadPeak
    result.bytes = server.notes.bytes
    (result.interruptions, result.sentBytes) = (relay?.cuts, relay?.forwarded)
    server.process.kill()
    try file.checkUnchanged()
    (result.status, result.reason) = try judge(outcome)
    if result.status == .intact, let cuts = relay?.cuts, cuts != CutPlan.interruptions {
      (result.status, result.reason) = (.failed, "it was interrupted \(cuts) times instead of twice")
    }
    return result
  }

  /// Samples the client's memory until it has ended.
  /// - Returns: the limit that it was ended for; nil when it ended by itself.
  private func watch(
    _ process: ChildProcess,
    _ server: LocalServer,
    _ limit: SizeSetting?,
    since began: ContinuousClock.Instant,
    _ memory: inout MemorySeries,
    _ onSample: (ServerNotes, MemorySeries) -> Void
  ) throws(UploadError) -> SizeSetting? {
    var nextSample = began
    while !process.hasEnded() {
      if isCancelled() { throw Self.cancelled }
      let now = ContinuousClock.now
      let period = now - began < Self.firstTime ? Self.firstPeriod : Self.period
      if now >= nextSample {
        memory.add(process.sampleMemory(), at: (now - began).inSeconds)
        onSample(server.notes, memory)
        nextSample = now + .milliseconds(period)
        if let limit, process.peak > limit.bytes {
          process.kill()
          return limit
        }
      }
      // Once it has closed its pipes it ends within moments, and no descriptor reports that.
      ChildProcess.pump([process, server.process], milliseconds: process.hasClosedPipes ? 1 : period)
    }
    return nil
  }

  /// Decides the status by the client's exit, and when that reports success by the stored file.
  /// - Returns: the status, and the reason when it is not success.
  private func judge(_ outcome: TrialOutcome) throws(UploadError) -> (TrialStatus, String?) {
    if let status = outcome.status { return (status, outcome.reason) }
    guard let stored = workspace.stored else { return (.failed, "the client reports success, but no file was stored") }
    let arrived = FileDigest.sha256(of: stored, isCancelled: isCancelled)
    if isCancelled() { throw Self.cancelled }
    return arrived == digest ? (.intact, nil) : (.mismatch, "the stored file differs from the one that was sent")
  }
}

/// How a client ended, before the stored file has been compared.
struct TrialOutcome: Sendable {
  /// The first lines of a stack trace describe the error.
  private static let errorLimit = 100

  var exit: ChildExit
  /// The memory limit that it was ended for; nil when it ended by itself.
  var exceededLimit: SizeSetting?
  /// Code and message of the last failure in Sluice's JSON; nil without one, as for other clients.
  var failure: (code: String, message: String)?
  /// The first text lines, at most 100, that it wrote to standard error, without empty ones; safe to display.
  var errors: [String] = []

  /// Adds an output line of the client.
  /// - Parameter isError: whether it was written to standard error.
  mutating func add(_ line: String, isError: Bool) {
    if isError {
      if errors.count < Self.errorLimit, !line.isEmpty { errors.append(PlainText.sanitized(line)) }
    } else if let error = EventRecord(line: line)?.error {
      failure = (error.code, error.message)
    }
  }

  /// The status when the client failed; nil when it reports success, and the stored file decides.
  var status: TrialStatus? {
    if exceededLimit != nil { return .outOfMemory }
    switch exit {
    case .status(0): return nil
    // Exit statuses of curl, which the scripts for Node use as well.
    case .status(22): return .rejected
    // Only the system kills a client, when it is out of memory.
    case .status(27), .signal(SIGKILL): return .outOfMemory
    case .status, .signal: break
    }
    switch failure?.code {
    case "outOfMemory": return .outOfMemory
    case "refusedByServer": return .rejected
    // Node writes this when its heap is full, before it aborts.
    default: return errors.contains { $0.contains("out of memory") } ? .outOfMemory : .failed
    }
  }

  /// Why the client failed, for people: its own error message where it wrote one. Use it only where ``status`` is not nil.
  var reason: String {
    if let exceededLimit { return "ended when its memory exceeded \(exceededLimit)" }
    if let failure { return PlainText.sanitized(failure.message) }
    if let line = errors.first(where: { $0.contains("out of memory") }) ?? errors.last { return line }
    switch exit {
    case .signal(SIGKILL): return "ended by the system, most likely for lack of memory"
    case .signal(let number): return "ended by signal \(number)"
    case .status(let status): return "ended with exit status \(status)"
    }
  }
}
