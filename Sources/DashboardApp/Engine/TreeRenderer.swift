import Synchronization
package import UploadCore
import UploadReport

/// What is done of a run with many files. Counted by the run, shown by the ``TreeRenderer``. Usable from any thread.
package final class TreeCounter: Sendable {
  private struct State {
    var files: UInt64 = 0
    var bytes: UInt64 = 0
    var existing: UInt64 = 0
    var unmoved: UInt64 = 0
  }

  /// The files of the run and their bytes, as counted before it; nil where they were not counted.
  let total: (files: UInt64, bytes: UInt64)?
  let startedAt = ContinuousClock.now
  private let state = Mutex(State())

  package init(total: (files: UInt64, bytes: UInt64)?) { self.total = total }

  /// Counts a file that needs nothing more: it was sent, or has failed.
  /// - Parameter moved: how many of its bytes have been sent, in this run or an earlier one.
  package func note(bytes: UInt64, moved: UInt64) {
    state.withLock { state in
      state.files += 1
      state.bytes &+= bytes
      state.unmoved &+= bytes > moved ? bytes - moved : 0
    }
  }

  /// Counts a file that the server had.
  package func noteExisting(bytes: UInt64) {
    state.withLock { state in
      state.files += 1
      state.existing += 1
      state.bytes &+= bytes
      state.unmoved &+= bytes
    }
  }

  /// The files that are done, and their bytes.
  package var done: (files: UInt64, bytes: UInt64) { state.withLock { ($0.files, $0.bytes) } }

  /// Of these, the files that the server had, and the bytes that were not sent.
  var skipped: (files: UInt64, bytes: UInt64) { state.withLock { ($0.existing, $0.unmoved) } }
}

/// For `send` of a directory on a terminal: one progress line for all files, redrawn in place, and above that, while an upload
/// waits for its next attempt, the reason with the time until then. Above these is one line for each
/// upload that stalls or resumes, and for each notice; the first failures are written to standard error.
package struct TreeRenderer: ProgressRenderer {
  /// How many failures are shown while they occur; the summary counts all.
  package static let failureLimit = 100

  private let counter: TreeCounter
  private let unicode: Bool
  private var deriver = EventDeriver(interval: nil)
  private var rate: RateEstimator
  private var failures = 0
  /// The last error that concerns all files.
  private var shared: String?
  /// How many rows of the terminal are redrawn.
  private var drawn = 0

  package init(_ counter: TreeCounter, unicode: Bool) {
    (self.counter, self.unicode) = (counter, unicode)
    rate = RateEstimator(startedAt: counter.startedAt)
  }

  package mutating func show(_ snapshot: Snapshot) {
    for part in parts(for: snapshot, width: max(1, (Output.columns ?? 80) - 1)) {
      switch part {
      case .terminal(let text): Output.raw(text)
      case .error(let line): Output.errorLine(line)
      }
    }
  }

  /// What is written, in this order.
  enum Part: Equatable {
    /// Text for the terminal with its control sequences.
    case terminal(String)
    /// An output line for standard error, which may be the same terminal: the progress line has been erased before.
    case error(String)
  }

  /// What a snapshot changes on the terminal.
  /// - Parameter width: of the progress line, in columns.
  mutating func parts(for snapshot: Snapshot, width: Int) -> [Part] {
    var parts: [Part] = []
    var text = erasure
    for event in deriver.events(for: snapshot) {
      switch event {
      case .stalled, .interrupted, .resumed, .noticed: text += (event.plainLine() ?? "") + "\n"
      case .failed(_, let error):
        failures += 1
        guard failures <= Self.failureLimit, isNew(error) else { continue }
        if !text.isEmpty { parts.append(.terminal(text)) }
        text = ""
        parts.append(.error(event.plainLine() ?? ""))
      // Visible in the progress line, or in the summary.
      case .listening, .started, .progress, .retrying, .finished, .cancelled, .tree, .rejected, .download, .process,
        .summary:
        break
      }
    }
    let retry = TreeProgressLine.retryText(snapshot.uploads, width: width, unicode: unicode)
    let line = TreeProgressLine.text(progress(snapshot), width: width, unicode: unicode)
    drawn = retry == nil ? 1 : 2
    return parts + [.terminal(text + (retry.map { $0 + "\n" } ?? "") + line + "\n")]
  }

  /// Whether an error is to be shown: what fails for all files alike, since no server can be reached or it rejects the access
  /// token, is shown once.
  private mutating func isNew(_ error: UploadError) -> Bool {
    let concernsAll =
      [.connectionRefused, .unreachable, .untrustedServer].contains(error.code)
      || error.code == .refusedByServer && ["HTTP 401:", "HTTP 407:"].contains { error.message.hasPrefix($0) }
    guard concernsAll else { return true }
    defer { shared = error.message }
    return error.message != shared
  }

  package mutating func end() {
    Output.raw(erasure)
    drawn = 0
  }

  private mutating func progress(_ snapshot: Snapshot) -> TreeProgress {
    let active = snapshot.uploads.filter { $0.outcome == nil }
    let done = counter.done
    var progress = TreeProgress()
    (progress.filesDone, progress.bytesDone) = done
    progress.bytesDone &+= active.reduce(0) { $0 &+ $1.bytes }
    (progress.files, progress.bytes) = (counter.total?.files, counter.total?.bytes)
    progress.seconds = (snapshot.at - counter.startedAt).inSeconds
    let skipped = counter.skipped
    progress.filesSkipped = skipped.files
    // What the server had, or an earlier run has sent, does not count for the rate.
    let unmoved = snapshot.groups.reduce(skipped.bytes) { $0 &+ ($1.direction == .outgoing ? $1.bytesSkipped : 0) }
    rate.sample(progress.bytesDone > unmoved ? progress.bytesDone - unmoved : 0, at: snapshot.at)
    progress.speed = rate.bytesPerSecond
    progress.names = active.prefix(8).map { PlainText.sanitized($0.name) }
    return progress
  }

  /// Moves to the first row that is redrawn and clears from there.
  private var erasure: String { drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : "" }
}
