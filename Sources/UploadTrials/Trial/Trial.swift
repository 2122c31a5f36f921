import Glibc
import UploadCore

/// One client sending the file once, to a server of its own.
struct Trial {
  /// Between two looks at the client's memory, in milliseconds; shorter at first, or clients that are done in no time
  /// would hardly be seen.
  private static let period: Int32 = 20
  private static let firstPeriod: Int32 = 2
  private static let firstTime = Duration.milliseconds(100)
  /// How long the server may take to say how an upload ended that the client knows the end of.
  private static let patience = Duration.seconds(2)

  let client: CompareClient
  let file: CompareFile
  /// The file's SHA-256.
  let digest: String
  let workspace: CompareWorkspace
  /// Resident bytes beyond which the client is ended; nil for no limit.
  let limit: SizeSetting?
  let environment: [String: String]
  let isCancelled: () -> Bool

  /// What a client's lines say about its end.
  private final class ClientRecord {
    /// A stack trace says what is wrong in its first lines.
    private static let mostErrors = 100

    var failure: (code: String, message: String)?
    var errors: [String] = []

    func take(_ line: ChildProcess.Line) {
      switch line {
      case .output(let text):
        if let record = EventRecord(line: text), let error = record.error { failure = (error.code, error.message) }
      case .error(let text):
        if errors.count < Self.mostErrors, !text.isEmpty { errors.append(PlainText.sanitized(text)) }
      }
    }
  }

  /// Runs it; leaves no process and no copy behind.
  /// - Parameter onSample: called fifty times a second with what the server says and the client's memory over time.
  /// - Throws: ``UploadError`` with code `cancelled`, `cannotListen` or `fileChanged`.
  func run(onSample: (ServerNotes, MemorySeries) -> Void = { _, _ in }) throws(UploadError) -> TrialResult {
    let server = try LocalServer(directory: workspace.uploads, environment: environment, isCancelled: isCancelled)
    defer {
      server.process.kill()
      workspace.clear()
    }
    let record = ClientRecord()
    let began = ContinuousClock.now
    let process: ChildProcess
    do {
      process = try start(record, server.url)
    } catch {
      let isMissing = error.number == ENOENT
      let reason = isMissing ? "\(client.program.rawValue) is not installed" : error.reason
      return TrialResult(verdict: isMissing ? .missing : .failed, reason: reason)
    }
    defer { process.kill() }
    var result = TrialResult(verdict: .failed)
    let passedLimit = try watch(process, server, since: began, &result.memory, onSample)
    result.seconds = (ContinuousClock.now - began).inSeconds
    let outcome = TrialOutcome(
      exit: process.exit ?? .status(1),
      passedLimit: passedLimit,
      failure: record.failure,
      errors: record.errors
    )
    awaitEnd(of: server, after: outcome)
    _ = server.process.sampleMemory()
    result.clientPeak = process.peak
    result.serverPeak = server.process.peak
    result.uploadPeak = server.notes.uploadPeak
    result.bytes = server.notes.bytes
    server.process.kill()
    try judge(&result, outcome)
    return result
  }

  private func start(_ record: ClientRecord, _ url: String) throws(SystemCallError) -> ChildProcess {
    try ChildProcess(
      client.executable,
      client.arguments(file: file.path, url: url),
      environment: environment,
      onLine: { record.take($0) }
    )
  }

  /// Looks at the client until it has ended.
  /// - Returns: the limit it was ended for; nil when it ended by itself.
  private func watch(
    _ process: ChildProcess,
    _ server: LocalServer,
    since began: ContinuousClock.Instant,
    _ memory: inout MemorySeries,
    _ onSample: (ServerNotes, MemorySeries) -> Void
  ) throws(UploadError) -> SizeSetting? {
    var nextSample = began
    while !process.hasEnded() {
      if isCancelled() { throw UploadError(.cancelled, "The comparison was stopped.") }
      let now = ContinuousClock.now
      if now >= nextSample {
        memory.add(process.sampleMemory(), at: (now - began).inSeconds)
        onSample(server.notes, memory)
        nextSample = now + .milliseconds(period(at: now - began))
        if let limit, process.peak > limit.bytes {
          process.kill()
          return limit
        }
      }
      // Once it has closed its pipes it ends within moments, and no descriptor reports that.
      let patience = process.isSilent ? 1 : period(at: now - began)
      ChildProcess.pump([process, server.process], milliseconds: patience)
    }
    return nil
  }

  private func period(at elapsed: Duration) -> Int32 {
    elapsed < Self.firstTime ? Self.firstPeriod : Self.period
  }

  /// Waits until the server has reported the end of an upload that it has seen.
  private func awaitEnd(of server: LocalServer, after outcome: TrialOutcome) {
    let deadline = ContinuousClock.now + Self.patience
    while !server.notes.hasEnded, outcome.verdict == nil || server.notes.bytes > 0, !server.process.hasEnded(),
      !isCancelled(), ContinuousClock.now < deadline
    {
      ChildProcess.pump([server.process], milliseconds: Self.period)
    }
  }

  /// Decides the verdict, by the client's exit and by the stored file.
  private func judge(_ result: inout TrialResult, _ outcome: TrialOutcome) throws(UploadError) {
    try file.checkUnchanged()
    if let verdict = outcome.verdict {
      (result.verdict, result.reason) = (verdict, outcome.reason)
      return
    }
    guard let stored = workspace.stored else {
      (result.verdict, result.reason) = (.failed, "it says that the file was stored, but there is none")
      return
    }
    let arrived = FileDigest.sha256(of: stored, isCancelled: isCancelled)
    if isCancelled() { throw UploadError(.cancelled, "The comparison was stopped.") }
    result.verdict = arrived == digest ? .intact : .mismatch
    if result.verdict == .mismatch { result.reason = "what is stored is not what was sent" }
  }
}

/// How a client ended, before the stored file has been compared.
struct TrialOutcome: Sendable {
  /// What programs exit with by curl's numbers; the scripts for Node do as well.
  private enum Status {
    static let rejected: Int32 = 22
    static let outOfMemory: Int32 = 27
  }

  var exit: ChildExit
  /// It was ended because it passed this many bytes; nil when it was not.
  var passedLimit: SizeSetting?
  /// Code and message of the failure in Sluice's JSON.
  var failure: (code: String, message: String)?
  /// What it wrote to standard error, the first lines.
  var errors: [String] = []

  /// The verdict when it did not succeed; nil when it says that it did, and the content decides.
  var verdict: CompareVerdict? {
    if passedLimit != nil { return .outOfMemory }
    switch exit {
    case .status(0): return nil
    // Only the system kills a client, when it is out of memory.
    case .signal(SIGKILL): return .outOfMemory
    case .status(Status.outOfMemory): return .outOfMemory
    case .status(Status.rejected): return .refused
    case .status, .signal: break
    }
    switch failure?.code {
    case "outOfMemory": return .outOfMemory
    case "refusedByServer": return .refused
    // What Node writes when its heap is full, before it aborts.
    default: return errors.contains { $0.contains("out of memory") } ? .outOfMemory : .failed
    }
  }
}

extension TrialOutcome {
  /// Why it did not succeed, for people; what the client says itself where it says something.
  var reason: String {
    if let passedLimit { return "ended when its memory passed \(passedLimit)" }
    if let failure { return PlainText.sanitized(failure.message) }
    if let line = errors.first(where: { $0.contains("out of memory") }) ?? errors.last { return line }
    switch exit {
    case .signal(SIGKILL): return "ended by the system, most likely for lack of memory"
    case .signal(let number): return "ended by signal \(number)"
    case .status(let status): return "ended with status \(status)"
    }
  }
}
