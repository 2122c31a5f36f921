import UploadCore

extension UploadEvent {
  /// The event as one sentence for a log or a screen reader, without a line end; nil for those that only programs want.
  ///
  /// Everything that a peer chose (names, messages, media types) is ``PlainText/sanitized(_:)``.
  package func plainLine() -> String? {
    switch self {
    case .listening(let server): Self.line(server)
    case .started(let upload): "\(Self.subject(upload)) started, \(detail)"
    case .progress(let upload): "\(Self.subject(upload)) \(detail)"
    case .stalled(let upload): "\(Self.subject(upload)) stalled \(detail)"
    case .resumed(let upload, _): "\(Self.subject(upload)) resumed \(detail)"
    case .retrying(let upload): "\(Self.subject(upload)) \(detail)"
    case .finished(let upload, let file): Self.finishedLine(upload, file)
    case .failed(let upload, _): "\(Self.subject(upload)) failed: \(detail)"
    case .cancelled(let upload): "\(Self.subject(upload)) cancelled \(detail)"
    case .rejected(let request): (["rejected"] + Self.subject(request) + [detail]).joined(separator: " ")
    case .process: nil
    case .summary(let summary): summary.plainLine
    }
  }

  /// What there is to say besides what happened to which upload or request: `1.0 GiB, from 192.0.2.7:5555`, `after 7 s`.
  /// Plain lines and the dashboard's log share this text. Safe to show; empty for events that no log has.
  package var detail: String {
    switch self {
    case .started(let upload): "\(Self.sizeText(upload)), \(Self.peer(upload))"
    case .progress(let upload): Self.progressText(upload)
    case .stalled(let upload):
      "for \(Self.secondsText(upload.stalledSeconds)): waiting for \(upload.cause?.words ?? "something unknown")"
    case .resumed(_, let seconds): "after \(Self.secondsText(seconds))"
    case .retrying(let upload): upload.retryWords ?? "retries"
    case .finished(let upload, let file): Self.figures(upload, file)
    case .failed(_, let error): PlainText.sanitized(error.message)
    case .cancelled(let upload): upload.isQueued ? "before it began" : "after \(ByteSize.text(upload.bytes))"
    case .rejected(let request): Self.rejection(request)
    case .listening, .process, .summary: ""
    }
  }

  /// `from 192.0.2.7 with 413: The file is too large. (12 requests)`
  private static func rejection(_ request: RejectedRequest) -> String {
    let client = request.client.map { "from \(PlainText.sanitized($0)) " } ?? ""
    let line = "\(client)with \(request.status): \(PlainText.sanitized(request.reason))"
    return request.count > 1 ? line + " (\(request.count) requests)" : line
  }

  /// Method and path, as far as they are known.
  private static func subject(_ request: RejectedRequest) -> [String] {
    [request.method, request.path].compactMap { $0.map { PlainText.sanitized($0) } }
  }

  private static func subject(_ upload: UploadSnapshot) -> String {
    "\(upload.direction.rawValue) \(upload.mode.rawValue) \(quoted(upload.name))"
  }

  private static func quoted(_ name: String) -> String {
    "\"\(PlainText.sanitized(name))\""
  }

  private static func line(_ server: ServerListening) -> String {
    var line = "listening on \(PlainText.sanitized(server.url)), files go to \(PlainText.sanitized(server.directory))"
    if let port = server.rawPort { line += ", raw TCP on port \(port)" }
    if let token = server.token { line += ", token \(PlainText.sanitized(token))" }
    if let fingerprint = server.fingerprint { line += ", certificate \(PlainText.sanitized(fingerprint))" }
    return line
  }

  private static func sizeText(_ upload: UploadSnapshot) -> String {
    guard let size = upload.size else { return "size unknown" }
    return (upload.sizeExact ? "" : "at most ") + ByteSize.text(size)
  }

  private static func peer(_ upload: UploadSnapshot) -> String {
    (upload.direction == .incoming ? "from " : "to ") + PlainText.sanitized(upload.remote)
  }

  private static func progressText(_ upload: UploadSnapshot) -> String {
    var line = ByteSize.text(upload.bytes)
    if let size = upload.size { line += " of \(ByteSize.text(size))" }
    if let fraction = upload.fraction { line += " \(percent(fraction))%" }
    switch upload.state {
    case .receiving, .sending:
      line += " \(ByteSize.rateText(upload.speed))"
      if let eta = upload.eta { line += " \(TimeText.clock(eta)) left" }
    case .waiting:
      line +=
        upload.retryWords.map { ", waiting for \($0)" } ?? ", waiting for the first byte"
    case .waitingForMemory: line += ", waiting for memory"
    case .limited: line += " \(ByteSize.rateText(upload.speed)), held back by a rate limit"
    case .stalled: line += ", stalled: waiting for \(upload.cause?.words ?? "something unknown")"
    case .finishing, .done, .failed, .cancelled: line += ", \(upload.state.rawValue)"
    }
    return line + ", memory \(ByteSize.text(UInt64(max(0, upload.residentBytes))))"
  }

  /// Whole percent, rounded down: 100 only when every byte has moved.
  private static func percent(_ fraction: Double) -> Int {
    Int(min(max(0, fraction), 1) * 100)
  }

  private static func finishedLine(_ upload: UploadSnapshot, _ file: FinishedUpload) -> String {
    var line = subject(upload) + (upload.direction == .incoming ? " stored" : " sent")
    if file.path != upload.name {
      line += upload.direction == .incoming ? " as \(quoted(file.path))" : ", stored as \(quoted(file.path))"
    }
    line += ", \(figures(upload, file)), peak memory \(ByteSize.text(UInt64(max(0, upload.peakResidentBytes))))"
    if let type = file.type { line += ", \(PlainText.sanitized(type))" }
    if let sha256 = file.sha256 {
      line += ", SHA-256 \(PlainText.sanitized(sha256))\(upload.direction == .outgoing ? " verified" : "")"
    }
    return line
  }

  /// `1.0 GiB in 10.2 s (100.4 MiB/s)`
  private static func figures(_ upload: UploadSnapshot, _ file: FinishedUpload) -> String {
    let rate = upload.seconds > 0 ? Double(file.bytes) / upload.seconds : 0
    return "\(ByteSize.text(file.bytes)) in \(secondsText(upload.seconds)) (\(ByteSize.rateText(rate)))"
  }

  /// `5 s`, `10.2 s`; hundredths below a second, so that a small file did not take `0 s`.
  private static func secondsText(_ seconds: Double) -> String {
    let sane = seconds.isFinite ? min(max(0, seconds), 1e9) : 0
    let step: Double = sane < 1 ? 100 : 10
    let rounded = (sane * step).rounded() / step
    return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + " s"
  }
}

extension UploadSnapshot {
  /// `attempt 3 in 12 s: REASON`, safe to show; nil while it does not wait for its next attempt.
  var retryWords: String? {
    guard let retryReason else { return nil }
    return "\(retryCountdown): \(PlainText.sanitized(retryReason))"
  }

  /// `attempt 3 in 12 s`: whole seconds, rounded up, so that it counts down to 1.
  package var retryCountdown: String {
    "attempt \(attempt) in \(Int(min(max(0, retryIn ?? 0), 1e9).rounded(.up))) s"
  }
}

extension StallCause {
  /// The cause as it follows "waiting for".
  var words: String {
    switch self {
    case .client: "the client"
    case .server: "the server"
    case .input: "its input"
    case .disk: "the disk"
    case .memory: "memory"
    case .limit: "the rate limit"
    }
  }
}
