import UploadCore

extension UploadEvent {
  /// The event as one sentence for a log or a screen reader, without a line end; nil for `process`, which only JSON
  /// reports.
  ///
  /// Safe to show: text from peers, such as names, messages and media types, is ``PlainText/sanitized(_:)``.
  package func plainLine() -> String? {
    switch self {
    case .listening(let server): Self.line(server)
    case .started(let upload): "\(Self.subject(upload)) started, \(detail)"
    case .progress(let upload): "\(Self.subject(upload)) \(detail)"
    case .stalled(let upload): "\(Self.subject(upload)) stalled \(detail)"
    case .interrupted(let upload): "\(Self.subject(upload)) interrupted, \(detail)"
    case .resumed(let upload, _, _): "\(Self.subject(upload)) resumed \(detail)"
    case .retrying(let upload): "\(Self.subject(upload)) \(detail)"
    case .noticed(let upload): "\(Self.subject(upload)): \(detail)"
    case .finished(let upload, let file): Self.finishedLine(upload, file)
    case .failed(let upload, _): "\(Self.subject(upload))\(Self.senderText(upload)) failed: \(detail)"
    case .cancelled(let upload): "\(Self.subject(upload))\(Self.senderText(upload)) cancelled \(detail)"
    case .tree(let group, let change): group.plainLine(change)
    case .rejected(let request):
      (["rejected"] + [request.method, request.path].compactMap { $0.map(PlainText.sanitized) } + [detail])
        .joined(separator: " ")
    case .download(let download):
      "download of \(Self.quoted(download.name)) \(download.outcome.rawValue), \(detail)"
    case .process: nil
    case .summary(let summary): summary.plainLine
    }
  }

  /// The details of the event without its kind and upload: `1.0 GiB, from 192.0.2.7:5555`, `after 7 s`.
  ///
  /// Plain lines and the dashboard's log share this text. Safe to show; empty for `listening`, `process` and `summary`.
  package var detail: String {
    switch self {
    case .started(let upload): Self.startText(upload)
    case .progress(let upload): Self.progressText(upload)
    case .stalled(let upload): "for \(DurationText.seconds(upload.stalledSeconds)): \(Self.causeText(upload))"
    case .interrupted(let upload): upload.interruptionText
    case .resumed(_, let seconds, .stall): "after \(DurationText.seconds(seconds))"
    case .resumed(_, let seconds, .interruption): "after \(DurationText.seconds(seconds)) without a connection"
    case .retrying(let upload): upload.retryText ?? "retries"
    case .noticed(let upload): PlainText.sanitized(upload.notice ?? "")
    case .finished(let upload, let file): Self.figures(upload, file)
    case .failed(_, let error): PlainText.sanitized(error.message)
    case .cancelled(let upload):
      upload.isQueued && upload.bytes == 0 ? "before it began" : "after \(ByteSize.text(upload.bytes))"
    case .tree(let group, let change): group.detail(change)
    case .rejected(let request): Self.rejection(request)
    case .download(let download): Self.downloadText(download)
    case .listening, .process, .summary: ""
    }
  }

  /// `from 192.0.2.7 with 413: The file is too large. (12 requests)`
  private static func rejection(_ request: RejectedRequest) -> String {
    let client = request.client.map { "from \(PlainText.sanitized($0)) " } ?? ""
    let count = request.count > 1 ? " (\(request.count) requests)" : ""
    return "\(client)with \(request.status): \(PlainText.sanitized(request.reason))\(count)"
  }

  /// `1.0 GiB in 10.2 s (100.4 MiB/s), to 192.0.2.7:5555`; of an aborted one `5.0 MiB of 1.0 GiB in …`
  private static func downloadText(_ download: DownloadSnapshot) -> String {
    let rate = download.seconds > 0 ? Double(download.bytes) / download.seconds : 0
    let size = download.outcome == .finished ? nil : download.size.map { " of \(ByteSize.text($0))" }
    return "\(ByteSize.text(download.bytes))\(size ?? "") in \(DurationText.seconds(download.seconds)) "
      + "(\(ByteSize.rateText(rate))), to \(PlainText.sanitized(download.remote))"
  }

  private static func subject(_ upload: UploadSnapshot) -> String {
    "\(upload.direction.rawValue) \(upload.mode.rawValue) \(quoted(upload.name))"
  }

  /// ` from Anna (192.0.2.7:5555)`; empty where the sender states no name.
  private static func senderText(_ upload: UploadSnapshot) -> String {
    upload.sender == nil ? "" : " from \(PeerText.text(upload.sender, upload.remote))"
  }

  private static func quoted(_ name: String) -> String { "\"\(PlainText.sanitized(name))\"" }

  private static func line(_ server: ServerListening) -> String {
    var line = "listening on \(PlainText.sanitized(server.url)), files go to \(PlainText.sanitized(server.directory))"
    if let port = server.rawPort { line += ", raw TCP on port \(port)" }
    if let token = server.token { line += ", token \(PlainText.sanitized(token))" }
    if let token = server.adminToken { line += ", owner's token \(PlainText.sanitized(token))" }
    if let fingerprint = server.fingerprint { line += ", certificate \(PlainText.sanitized(fingerprint))" }
    if let unfinished = server.unfinishedText { line += ", \(unfinished)" }
    return line
  }

  /// `1.0 GiB, from 192.0.2.7:5555`
  private static func startText(_ upload: UploadSnapshot) -> String {
    let size = upload.size.map { (upload.sizeExact ? "" : "at most ") + ByteSize.text($0) } ?? "size unknown"
    return "\(size), \(upload.direction == .incoming ? "from" : "to") \(PeerText.text(upload.sender, upload.remote))"
  }

  /// `512.0 MiB of 1.0 GiB 50% 96.2 MiB/s 0:05 left, memory 3.0 MiB`
  private static func progressText(_ upload: UploadSnapshot) -> String {
    var line = ByteSize.text(upload.bytes)
    if let size = upload.size { line += " of \(ByteSize.text(size))" }
    if let percent = upload.percentText { line += " \(percent)" }
    switch upload.state {
    case .receiving, .sending:
      line += " \(ByteSize.rateText(upload.speed))"
      if let eta = upload.eta { line += " \(TimeText.clock(eta)) left" }
    case .waiting:
      // Its reason may be a sentence.
      let reason = upload.retryText.map { $0.hasSuffix(".") ? $0.dropLast() : $0[...] }
      line += ", waiting for \(reason ?? "the first byte")"
    case .waitingForMemory: line += ", waiting for memory"
    case .limited: line += " \(ByteSize.rateText(upload.speed)), slowed by a rate limit"
    case .stalled: line += ", stalled: \(causeText(upload))"
    case .interrupted: line += ", interrupted, \(upload.interruptionText)"
    case .paused, .finishing, .done, .failed, .cancelled: line += ", \(upload.state.rawValue)"
    }
    return line + ", memory \(ByteSize.text(UInt64(max(0, upload.residentBytes))))"
  }

  /// `waiting for the disk`
  private static func causeText(_ upload: UploadSnapshot) -> String {
    upload.cause.map { "waiting for \($0.text)" } ?? "cause unknown"
  }

  /// `incoming stream "a" stored as "a (2)", 1.0 GiB in 10.2 s (100.4 MiB/s), peak memory 3.0 MiB`
  private static func finishedLine(_ upload: UploadSnapshot, _ file: FinishedUpload) -> String {
    var line = subject(upload) + senderText(upload) + (upload.direction == .incoming ? " stored" : " sent")
    if file.path != upload.name {
      line += upload.direction == .incoming ? " as \(quoted(file.path))" : ", stored as \(quoted(file.path))"
    }
    let separator = TimeWords.ofLong(upload) == nil ? "," : ";"
    line +=
      ", \(figures(upload, file))\(separator) peak memory \(ByteSize.text(UInt64(max(0, upload.peakResidentBytes))))"
    if let type = file.type { line += ", \(PlainText.sanitized(type))" }
    if let sha256 = file.sha256 {
      line += ", SHA-256 \(PlainText.sanitized(sha256))\(upload.direction == .outgoing ? " verified" : "")"
    }
    return line
  }

  /// `1.0 GiB in 10.2 s (100.4 MiB/s): client 72 %, disk 9 %, limit 19 %`; without the causes of a short upload.
  private static func figures(_ upload: UploadSnapshot, _ file: FinishedUpload) -> String {
    // An earlier process may have moved a part of a resumable upload.
    let average = upload.seconds > 0 ? Double(file.bytes) / upload.seconds : 0
    let rate = upload.mode == .resumable ? upload.averageSpeed : average
    let time = TimeWords.ofLong(upload).map { ": \($0)" } ?? ""
    return "\(ByteSize.text(file.bytes)) in \(DurationText.seconds(upload.seconds)) (\(ByteSize.rateText(rate)))\(time)"
  }
}

extension UploadSnapshot {
  /// ``retryCountdown`` and why the last attempt failed, safe to show: `attempt 3 in 12 s: REASON`. Nil unless the
  /// upload waits for its next attempt.
  var retryText: String? { retryReason.map { "\(retryCountdown): \(PlainText.sanitized($0))" } }

  /// What is kept of an interrupted upload: `1.2 GiB of 4.0 GiB stored, expires in 23 h`.
  package var interruptionText: String {
    let amount = ByteSize.text(stored ?? bytes) + (size.map { " of \(ByteSize.text($0))" } ?? "") + " stored"
    return expiresIn.map { "\(amount), expires in \(TimeText.rough($0))" } ?? amount
  }

  /// The share of the bytes that have moved, such as `50%`: in whole percent, rounded down, so that 100% means all
  /// bytes. Nil when the size is unknown.
  var percentText: String? { fraction.map { "\(Int(min(max(0, $0), 1) * 100))%" } }

  /// The number of the next attempt and the time until it begins, such as `attempt 3 in 12 s`: in whole seconds,
  /// rounded up, so that 0 is shown only once that time has passed. Only for an upload that waits for its next attempt;
  /// otherwise the time is 0.
  package var retryCountdown: String {
    "attempt \(attempt) in \(Int(min(max(0, retryIn ?? 0), 1e9).rounded(.up))) s"
  }
}

extension StallCause {
  /// What the upload waits for, to be put after "waiting for" in a sentence.
  fileprivate var text: String {
    switch self {
    case .client, .server, .network, .disk, .store: "the \(rawValue)"
    case .input: "its input"
    case .memory: "memory"
    case .limit: "the rate limit"
    }
  }
}

/// The other end of an upload in the details of events.
enum PeerText {
  /// `Anna (192.0.2.7:5555)`, or the address alone where the sender states no name. Safe to show.
  static func text(_ sender: String?, _ remote: String) -> String {
    let address = PlainText.sanitized(remote)
    return sender.map { "\(PlainText.sanitized($0)) (\(address))" } ?? address
  }
}

/// Durations in the details of events.
package enum DurationText {
  /// `5 s`, `10.2 s`; below a second with hundredths, so that a small file does not show `0 s`.
  package static func seconds(_ seconds: Double) -> String {
    let sane = seconds.isFinite ? min(max(0, seconds), 1e9) : 0
    let step: Double = sane < 1 ? 100 : 10
    let rounded = (sane * step).rounded() / step
    return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + " s"
  }
}
