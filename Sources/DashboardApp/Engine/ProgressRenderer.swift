package import Logging
package import UploadCore
import UploadReport

/// A way of showing snapshots. Called by the ``Reporter`` alone, so it may keep state.
package protocol ProgressRenderer: Sendable {
  /// Shows what is new in a snapshot.
  mutating func show(_ snapshot: Snapshot)
  /// Removes what must not stay on the terminal: called after the last snapshot, before anything else is printed.
  mutating func end()
}

extension ProgressRenderer {
  package mutating func end() {}
}

/// One output line for each event: JSON for programs, or sentences for people.
package struct LineRenderer: ProgressRenderer {
  /// The format of an output line.
  package enum Style: Sendable {
    case json
    /// Sentences for a server's log, with the time of day. Failed uploads are written like all others.
    case plain
    /// Sentences for the sending user, with progress, and failures on standard error.
    case sending
    /// Failures alone, on standard error.
    case quiet
  }

  private let style: Style
  private var deriver: EventDeriver

  /// - Parameter interval: the shortest time between two progress lines of an upload; nil for none.
  package init(_ style: Style, interval: Duration?) {
    self.style = style
    deriver = EventDeriver(interval: interval)
  }

  package mutating func show(_ snapshot: Snapshot) {
    for event in deriver.events(for: snapshot) { write(event) }
  }

  private func write(_ event: UploadEvent) {
    switch (style, event) {
    case (.json, _): Output.line(event.json.serialized)
    case (.sending, .failed), (.quiet, .failed): if let line = event.plainLine() { Output.errorLine(line) }
    case (.plain, .progress), (.quiet, _): break
    case (.plain, _): if let line = event.plainLine() { Output.timedLine(line) }
    case (.sending, _): if let line = event.plainLine() { Output.line(line) }
    }
  }
}

/// For `send` on a terminal: one progress line per file at the bottom, redrawn in place, with events above them;
/// failures are written to standard error.
package struct LiveRenderer: ProgressRenderer {
  /// Progress lines at most, and fewer on a lower terminal: those that scroll out of it could not be redrawn.
  private static let most = 16

  private let unicode: Bool
  private var deriver = EventDeriver(interval: nil)
  private var drawn = 0

  package init(unicode: Bool) {
    self.unicode = unicode
  }

  package mutating func show(_ snapshot: Snapshot) {
    var text = erasure
    for event in deriver.events(for: snapshot) {
      switch event {
      case .finished, .cancelled, .stalled, .resumed: text += (event.plainLine() ?? "") + "\n"
      case .failed:
        // Where both are the same terminal, what was drawn has to be gone first.
        Output.raw(text)
        text = ""
        Output.errorLine(event.plainLine() ?? "")
      // The progress lines show the others.
      case .listening, .started, .progress, .retrying, .rejected, .process, .summary: break
      }
    }
    let width = max(1, (Output.columns ?? 80) - 1)
    let room = max(1, min(Self.most, (Output.rows ?? 24) - 1))
    let lines = snapshot.uploads.filter { $0.outcome == nil }.prefix(room)
    for upload in lines { text += ProgressLine.text(upload, width: width, unicode: unicode) + "\n" }
    drawn = lines.count
    Output.raw(text)
  }

  package mutating func end() {
    Output.raw(erasure)
    drawn = 0
  }

  /// Moves to the first progress line and clears from there.
  private var erasure: String {
    drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : ""
  }
}

/// Wraps a renderer, and writes a log line for each upload that has ended and for rejected requests.
package struct LoggingRenderer<Inner: ProgressRenderer>: ProgressRenderer {
  private var inner: Inner
  private let logger: Logger

  package init(_ inner: Inner, logger: Logger) {
    self.inner = inner
    self.logger = logger
  }

  package mutating func show(_ snapshot: Snapshot) {
    inner.show(snapshot)
    for upload in snapshot.uploads { log(upload) }
    for request in snapshot.rejected { log(request) }
  }

  package mutating func end() {
    inner.end()
  }

  private func log(_ request: RejectedRequest) {
    var facts: Logger.Metadata = ["status": "\(request.status)", "reason": "\(request.reason)"]
    if let client = request.client { facts["remote"] = "\(client)" }
    if let method = request.method { facts["method"] = "\(method)" }
    if let host = request.host { facts["host"] = "\(host)" }
    if let path = request.path { facts["path"] = "\(path)" }
    if request.count > 1 { facts["count"] = "\(request.count)" }
    logger.info("request rejected", metadata: facts)
  }

  private func log(_ upload: UploadSnapshot) {
    var facts: Logger.Metadata = [
      "id": "\(upload.id)", "mode": "\(upload.mode.rawValue)", "name": "\(upload.name)", "remote": "\(upload.remote)",
      "bytes": "\(upload.bytes)", "seconds": "\((upload.seconds * 1000).rounded() / 1000)",
    ]
    switch upload.outcome {
    case .finished(let file):
      facts["path"] = "\(file.path)"
      logger.info("upload finished", metadata: facts)
    case .failed(let error):
      facts["code"] = "\(error.code.rawValue)"
      facts["reason"] = "\(error.message)"
      logger.info("upload failed", metadata: facts)
    case .cancelled: logger.info("upload cancelled", metadata: facts)
    case nil: break
    }
  }
}
