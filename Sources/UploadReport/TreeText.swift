package import UploadCore

extension GroupSnapshot {
  /// The name as lists show it, with a slash behind that of a directory; the files of a form are none. Not sanitized.
  package var title: String { mode == .multipart || name.hasSuffix("/") ? name : name + "/" }

  /// How many of its files are complete: `1,204 of 10,000 files`.
  package var filesText: String { CountText.files(filesFinished, of: files) }

  /// The share that has been moved, such as `38%`: rounded down, so that 100% means all of it. Nil when it is unknown.
  package var percentText: String? { fraction.map { "\(Int(min(max(0, $0), 1) * 100))%" } }

  /// What has become of the files that are not complete: `3 failed, 1 cancelled, 12 not sent`; empty for none.
  package var lossText: String {
    let counts: [(UInt64, String)] = [
      (filesFailed, "failed"), (filesCancelled, "cancelled"), (hasEnded ? filesLeft : 0, "not sent"),
    ]
    return counts.filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }.joined(separator: ", ")
  }

  /// The mean rate of the whole tree in bytes per second, without what an earlier process has moved; 0 in the first
  /// instant.
  package var averageSpeed: Double {
    seconds > 0 ? Double(bytesMoved - min(bytesSkipped, bytesMoved)) / seconds : 0
  }

  /// The details of a change without the name: `10,000 files, 3.2 GiB, from 192.0.2.7:5555`. Safe to show.
  func detail(_ change: TreeChange) -> String {
    switch change {
    case .started:
      let parts = [files.map { CountText.files($0) }, bytes.map { ByteSize.text($0) }, peerText]
      return parts.compactMap { $0 }.joined(separator: ", ")
    case .progress:
      var text = [filesText, percentText, ByteSize.rateText(speed)].compactMap { $0 }.joined(separator: " ")
      if let eta { text += " \(TimeText.clock(eta)) left" }
      return lossText.isEmpty ? text : text + ", \(lossText)"
    case .stalled:
      return "for \(DurationText.seconds(stalledSeconds)) after \(filesText)"
    case .resumed(let seconds): return "after \(DurationText.seconds(seconds))"
    case .ended(let unlisted):
      var text = "\(filesText), \(ByteSize.text(bytesFinished)) in \(DurationText.seconds(seconds))"
      text += " (\(ByteSize.rateText(averageSpeed)))"
      if !lossText.isEmpty { text += "; \(lossText)" }
      if unlisted > 0, unlisted < filesFailed { text += " (\(unlisted.grouped) of them not listed)" }
      return text
    }
  }

  private var peerText: String {
    "\(direction == .incoming ? "from" : "to") \(PeerText.text(sender, remote))"
  }

  /// A change as one sentence without a line end: `incoming tree "photos/" stored, 10,000 of 10,000 files, 3.2 GiB ..`.
  func plainLine(_ change: TreeChange) -> String {
    let kind = mode == .multipart ? "" : " tree"
    let subject = "\(direction.rawValue)\(kind) \"\(PlainText.sanitized(title))\""
    switch change {
    case .started: return "\(subject) started, \(detail(change))"
    case .progress: return "\(subject) \(detail(change))"
    case .stalled: return "\(subject) stalled \(detail(change))"
    case .resumed: return "\(subject) resumed \(detail(change))"
    case .ended:
      let verb = direction == .incoming ? "stored" : "sent"
      return "\(subject) \(lossText.isEmpty ? verb : "ended"), \(detail(change))"
    }
  }

  /// The `tree` event, which reports the end of a tree.
  var json: JSONValue {
    .object(
      [
        ("event", .string("tree")), ("id", .string(id)), ("direction", .string(direction.rawValue)),
        ("name", .string(name)), ("remote", .string(remote)), ("files", .optional(files)), ("bytes", .optional(bytes)),
        ("filesFinished", .unsigned(filesFinished)), ("filesFailed", .unsigned(filesFailed)),
        ("filesCancelled", .unsigned(filesCancelled)), ("bytesFinished", .unsigned(bytesFinished)),
        ("seconds", .double(seconds)),
      ] + (sender.map { [("sender", .string($0))] } ?? [])
    )
  }
}
