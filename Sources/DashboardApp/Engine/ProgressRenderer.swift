package import Logging
package import UploadCore
import UploadReport

/// Shows snapshots as text. Only the ``Reporter`` calls it, one call at a time, so it may keep state.
package protocol ProgressRenderer: Sendable {
  /// Shows a snapshot: what has changed since the previous one. Called for every snapshot, since each ended upload is
  /// in one only.
  mutating func show(_ snapshot: Snapshot)
  /// Erases progress lines from the terminal; called after the last snapshot, before other output.
  mutating func end()
}

extension ProgressRenderer {
  package mutating func end() {}
}

/// Writes one output line for each event that its style includes: JSON for programs, or plain text for people. Of a tree
/// with more than 20 files, plain text has its beginning, its end and its failures; JSON has every file. With a
/// logger, also a log line at level info for each upload or reported download that has ended and for rejected requests.
package struct LineRenderer: ProgressRenderer {
  /// The format of an output line.
  package enum Style: Sendable {
    case json
    /// Plain text after the time of day, without progress lines whatever the interval.
    case plain
    /// Plain text without the time, with progress lines; failures are written to standard error.
    case sending
    /// Failures only, as plain text on standard error.
    case quiet
  }

  /// The files of a tree with more than these are not listed one by one: the list would be too long to read.
  fileprivate static let listedFiles: UInt64 = 20

  /// How much text is written at once, in bytes: the lines of 10,000 uploads need not be in memory together.
  private static let batch = 64 << 10

  private let style: Style
  private let logger: Logger?
  private var deriver: EventDeriver

  /// - Parameters:
  ///   - interval: the shortest time between two progress lines of an upload; nil for no progress lines.
  ///   - logger: for the log lines; nil for none.
  package init(_ style: Style, interval: Duration?, logger: Logger? = nil) {
    (self.style, self.logger) = (style, logger)
    deriver = EventDeriver(interval: interval, trees: style == .json ? .everyFile : .together(above: Self.listedFiles))
  }

  package mutating func show(_ snapshot: Snapshot) {
    let (style, time) = (style, Output.timeOfDay)
    var text = ""
    deriver.report(snapshot) { event in
      Self.write(event, style, at: time, &text)
      guard text.utf8.count >= Self.batch else { return }
      Output.raw(text)
      text = ""
    }
    if !text.isEmpty { Output.raw(text) }
    log(snapshot)
  }

  /// Logs what has ended in a snapshot, and the requests that were rejected.
  func log(_ snapshot: Snapshot) {
    guard let logger, logger.logLevel <= .info else { return }
    for upload in snapshot.uploads { log(upload, to: logger) }
    for request in snapshot.rejected { log(request, to: logger) }
    for download in snapshot.endedDownloads { log(download, to: logger) }
  }

  /// Appends the event's output line to `text`; a failure goes to standard error instead.
  private static func write(_ event: UploadEvent, _ style: Style, at time: String, _ text: inout String) {
    guard style != .json else {
      text += event.json.serialized + "\n"
      return
    }
    guard let line = event.plainLine() else { return }
    switch (style, event) {
    case (.sending, .failed), (.quiet, .failed):
      // Both may be the same terminal.
      if !text.isEmpty { Output.raw(text) }
      text = ""
      Output.errorLine(line)
    case (.plain, .progress), (.plain, .tree(_, .progress)), (.quiet, _), (.json, _): break
    case (.plain, _): text += "\(time) \(line)\n"
    case (.sending, _): text += line + "\n"
    }
  }

  private func log(_ request: RejectedRequest, to logger: Logger) {
    var facts: Logger.Metadata = ["status": "\(request.status)", "reason": "\(request.reason)"]
    facts["remote"] = request.client.map { .string($0) }
    facts["method"] = request.method.map { .string($0) }
    facts["host"] = request.host.map { .string($0) }
    facts["path"] = request.path.map { .string($0) }
    if request.count > 1 { facts["count"] = "\(request.count)" }
    logger.info("request rejected", metadata: facts)
  }

  private func log(_ download: DownloadSnapshot, to logger: Logger) {
    var facts: Logger.Metadata = [
      "id": "\(download.id)", "name": "\(download.name)", "remote": "\(download.remote)",
      "bytes": "\(download.bytes)", "seconds": "\((download.seconds * 1000).rounded() / 1000)",
    ]
    facts["size"] = download.size.map { "\($0)" }
    logger.info("download \(download.outcome.rawValue)", metadata: facts)
  }

  private func log(_ upload: UploadSnapshot, to logger: Logger) {
    guard let outcome = upload.outcome else { return }
    var facts: Logger.Metadata = [
      "id": "\(upload.id)", "mode": "\(upload.mode.rawValue)", "name": "\(upload.name)", "remote": "\(upload.remote)",
      "bytes": "\(upload.bytes)", "seconds": "\((upload.seconds * 1000).rounded() / 1000)",
    ]
    facts["sender"] = upload.sender.map { .string($0) }
    switch outcome {
    case .finished(let file):
      facts["path"] = "\(file.path)"
      logger.info("upload finished", metadata: facts)
    case .failed(let error):
      facts["code"] = "\(error.code.rawValue)"
      facts["reason"] = "\(error.message)"
      logger.info("upload failed", metadata: facts)
    case .cancelled: logger.info("upload cancelled", metadata: facts)
    }
  }
}

/// For `send` on a terminal: one progress line per running upload at the bottom, redrawn in place, as many as fit and
/// at most 16; a tree of more than 20 files has one for all of them. Above them is one line for each upload that
/// finishes, is cancelled, stalls, is interrupted or resumes, and for each notice, and for each tree that ends; failures
/// are written to standard error. Other events, such as the summary, print nothing.
package struct LiveRenderer: ProgressRenderer {
  /// The most progress lines; a lower terminal gets fewer, because text that scrolls out of it cannot be redrawn.
  private static let most = 16

  private let unicode: Bool
  private var deriver = EventDeriver(interval: nil, trees: .together(above: LineRenderer.listedFiles))
  private var drawn = 0

  package init(unicode: Bool) { self.unicode = unicode }

  package mutating func show(_ snapshot: Snapshot) {
    var text = erasure
    for event in deriver.events(for: snapshot) {
      switch event {
      case .finished, .cancelled, .stalled, .interrupted, .resumed, .noticed, .tree(_, .ended):
        text += (event.plainLine() ?? "") + "\n"
      case .failed:
        // Standard error may be the same terminal: the progress lines must be erased first.
        Output.raw(text)
        text = ""
        Output.errorLine(event.plainLine() ?? "")
      // Visible in the progress lines.
      case .listening, .started, .progress, .retrying, .tree, .rejected, .download, .process, .summary: break
      }
    }
    let width = max(1, (Output.columns ?? 80) - 1)
    let room = max(1, min(Self.most, (Output.rows ?? 24) - 1))
    let (trees, files) = snapshot.separatingTrees(above: LineRenderer.listedFiles)
    let wholes = trees.map { $0.upload(name: "\($0.title): \($0.filesText)") }
    let lines = (wholes + files.filter { $0.outcome == nil }).prefix(room)
    for upload in lines { text += ProgressLine.text(upload, width: width, unicode: unicode) + "\n" }
    drawn = lines.count
    Output.raw(text)
  }

  package mutating func end() {
    Output.raw(erasure)
    drawn = 0
  }

  /// Moves to the first progress line and clears from there.
  private var erasure: String { drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : "" }
}
