import DashboardApp
import Synchronization
import UploadClient
import UploadCore
import UploadReport

/// How `send` shows what it does.
enum SendOutput: Sendable {
  case json(interval: Duration)
  case quiet
  /// Progress lines that are redrawn on a terminal.
  case live(unicode: Bool)
  case lines

  /// - Parameter counter: of a run that is shown in one progress line; nil for an output line per file.
  func renderer(_ counter: TreeCounter?) -> any ProgressRenderer {
    switch self {
    case .json(let interval): LineRenderer(.json, interval: interval)
    case .quiet: LineRenderer(.quiet, interval: nil)
    case .live(let unicode): counter.map { TreeRenderer($0, unicode: unicode) } ?? LiveRenderer(unicode: unicode)
    case .lines: LineRenderer(.sending, interval: .seconds(5))
    }
  }

  /// Writes an output line for something that is no upload; nothing where the summary shows it.
  func show(_ notice: SendNotice) {
    switch (self, notice) {
    case (.json, _): Output.line(notice.json.serialized)
    case (.lines, _), (.live, .wouldSend), (.live, .wouldMake): Output.line(notice.plainLine)
    case (.live, .skipped), (.live, .directory), (.quiet, _): break
    }
  }
}

/// Collects the results of a run of `send`, in bounded memory. Usable from any thread.
final class SendResults: Sendable {
  private struct State {
    var tally: SendTally
    var isContinuable = false
    /// The first files that the server had, to be listed at the end: at most one more than is listed.
    var existing: [SendNotice] = []
    /// The positions of arguments that have not ended, by their path.
    var positions: [String: ArraySlice<Int>] = [:]

    /// - Parameter path: nil for standard input.
    mutating func position(_ path: String?) -> Int? { positions[path ?? "-"]?.popFirst() }
  }

  /// So many files that the server has are listed in text lines; of more, there is only their number.
  private static let mostExisting = 20

  /// The codes of errors after which an upload can be continued.
  private static let interruptions: Set<UploadError.Code> = [
    .connectionLost, .connectionRefused, .unreachable, .timedOut, .cancelled, .shuttingDown,
  ]

  let counter: TreeCounter
  private let ledger: UploadLedger
  private let output: SendOutput
  private let remote: String
  private let mode: UploadMode
  private let isDry: Bool
  private let state: Mutex<State>

  init(_ run: SendRun, ledger: UploadLedger, counter: TreeCounter) {
    (self.ledger, self.counter, output, isDry) = (ledger, counter, run.output, run.isDry)
    (remote, mode) = (run.target.authority, run.mode)
    var state = State(tally: SendTally(isDry: run.isDry))
    for (index, source) in run.arguments.sources.enumerated() {
      state.positions[source.path ?? "-", default: []].append(index)
    }
    self.state = Mutex(state)
  }

  var tally: SendTally { state.withLock { $0.tally } }

  /// Whether the same command continues an upload that was stopped or failed.
  var isContinuable: Bool { state.withLock { $0.isContinuable } }

  /// Notes an upload that has ended.
  func note(_ source: UploadSource, _ meter: UploadMeter) {
    counter.note(bytes: source.size ?? meter.size ?? meter.received, moved: meter.received)
    state.withLock { state in
      state.tally.note(meter, position: state.position(source.path))
      // What was read from a pipe is gone.
      guard source.path != nil, meter.mode == .resumable, meter.received > 0 else { return }
      switch meter.ended?.outcome {
      case .cancelled: state.isContinuable = true
      case .failed(let error): if Self.interruptions.contains(error.code) { state.isContinuable = true }
      case .finished, nil: break
      }
    }
  }

  /// Notes an entry that is no file to send.
  func note(_ event: TreeFeed.Event) {
    switch event {
    case .exists(let source):
      counter.noteExisting(bytes: source.size ?? 0)
      state.withLock { $0.tally.noteExisting(bytes: source.size ?? 0) }
      show(.skipped(path: source.remotePath ?? source.name, .exists))
    case .unknown: state.withLock { $0.tally.noteUnknown() }
    case .skipped(let path, let kind):
      state.withLock { $0.tally.noteSkipped(path, isLink: kind == .link, noun: kind.noun) }
      output.show(.skipped(path: path, Self.reason(kind)))
    case .directoryMade(let path):
      state.withLock { $0.tally.noteDirectory(isMade: true) }
      output.show(isDry ? .wouldMake(path: path) : .directory(path: path))
    case .directoryExists: state.withLock { $0.tally.noteExistingDirectory() }
    case .directoryNotSent: state.withLock { $0.tally.noteDirectory(isMade: false) }
    case .failed(let path, let error), .directoryFailed(let path, let error): noteFailure(path, error)
    }
  }

  /// Shows a file that the server has; in text lines not before the end, if there are few.
  private func show(_ notice: SendNotice) {
    guard case .lines = output else { return output.show(notice) }
    state.withLock { state in
      guard state.existing.count <= Self.mostExisting else { return }
      state.existing.append(notice)
    }
  }

  /// Shows the files that the server has in text lines, unless there are too many to list.
  func showExisting() {
    let notices = state.withLock { $0.existing }
    guard notices.count <= Self.mostExisting else { return }
    for notice in notices { output.show(notice) }
  }

  /// Notes how many files and directories were left out by patterns.
  func noteExcluded(_ count: UInt64) { state.withLock { $0.tally.noteExcluded(count) } }

  /// Notes something that failed without an upload. It is reported as one that failed before it began.
  private func noteFailure(_ path: String, _ error: UploadError) {
    // The run was stopped.
    guard error.code != .cancelled else { return }
    state.withLock { $0.tally.noteFailure(path, error) }
    guard !isDry else { return Output.errorLine("\(PlainText.sanitized(path)): \(PlainText.sanitized(error.message))") }
    let name = PlainText.sanitized(path)
    ledger.end(UploadMeter(direction: .outgoing, mode: mode, name: name, size: nil, remote: remote), .failed(error))
    ledger.noteActivity()
  }

  /// Notes an error that ends the run before anything is sent.
  func noteFailure(of target: SendTarget, _ error: UploadError) {
    state.withLock { $0.tally.noteFailure(target.authority, error) }
    Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
  }

  /// Notes a file that would be sent.
  func noteListed(_ source: UploadSource) {
    state.withLock { $0.tally.noteListed(bytes: source.size ?? 0) }
    output.show(.wouldSend(path: source.remotePath ?? source.name, bytes: source.size))
  }

  /// Notes a source that the run has not begun.
  func noteUnsent(_ source: UploadSource) {
    let name = PlainText.sanitized(source.name)
    let meter = UploadMeter(direction: .outgoing, mode: mode, name: name, size: source.size, remote: remote)
    state.withLock { $0.tally.note(meter, position: $0.position(source.path)) }
  }

  /// Notes files that were counted, but not read.
  func noteUnsent(_ count: UInt64) { state.withLock { $0.tally.noteUnsent(count) } }

  /// Notes why the run was stopped before everything was sent.
  func noteStop(_ reason: UploadError, _ target: SendTarget) {
    // Without one upload that has failed for all, it is an error of the options.
    if tally.failed == 0 { noteFailure(of: target, reason) }
    state.withLock { $0.tally.noteStop() }
  }

  private static func reason(_ kind: SkippedKind) -> SendNotice.Reason {
    switch kind {
    case .link: .link
    case .socket: .socket
    case .pipe: .pipe
    case .device: .device
    }
  }
}
